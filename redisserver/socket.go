package redisserver

import (
	"fmt"
	"os"
	"path/filepath"
)

// sun_path of unix(7) holds 108 bytes with the final zero.
const longestSocket = 107

// socketPath returns where the socket goes, and what to remove when the
// server stops: a short temporary folder when the data folder's path is too
// long for a socket's name.
func socketPath(dir string) (path, remove string, err error) {
	path = filepath.Join(dir, "redis.sock")
	if len(path) <= longestSocket {
		return path, "", nil
	}
	short, err := os.MkdirTemp("", "hotline-redis-")
	if err != nil {
		return "", "", fmt.Errorf("socket: %w", err)
	}
	path = filepath.Join(short, "redis.sock")
	if len(path) > longestSocket {
		_ = os.Remove(short)
		return "", "", fmt.Errorf("socket: the paths of the data folder and of the temporary folder are both too long")
	}
	return path, short, nil
}
