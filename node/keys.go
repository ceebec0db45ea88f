package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// refKey is the configured key of citizens' pseudonyms, or the one kept under
// the data folder, made at the first start.
func refKey(s Section) ([]byte, error) {
	if k := s.RefKey.Reveal(); k != "" {
		return []byte(k), nil
	}
	file := filepath.Join(s.Data, "ref.key")
	key, err := os.ReadFile(file) //nolint:gosec // the operator's own data folder
	switch {
	case err == nil && len(key) >= 32:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("key of pseudonyms %s: %d bytes, want 32 or more", file, len(key))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("key of pseudonyms: %w", err)
	}
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	key = []byte(hex.EncodeToString(raw))
	if err := os.WriteFile(file, key, 0o600); err != nil {
		return nil, fmt.Errorf("keep key of pseudonyms: %w", err)
	}
	return key, nil
}
