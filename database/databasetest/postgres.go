package databasetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// One server a test binary: it has no owner but the process itself, and stops
// when the process's end of its standard input closes.
//
//nolint:gochecknoglobals // one server for all tests of a binary: no test could own it
var (
	server = sync.OnceValues(startPostgres)
	made   atomic.Int64
)

// script lives beside the tests: it makes a cluster, tells its folder, and
// clears up when its standard input ends.
const script = `
set -eu
dir=$(mktemp -d /tmp/hotline-pg.XXXXXX)
trap 'rm -rf "$dir"' EXIT
"$1/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log"; exit 1; }
"$1/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
  -c full_page_writes=off -c max_connections=200 -c shared_buffers=16MB -c autovacuum=off >"$dir/postgres.log" 2>&1 </dev/null &
pid=$!
until "$1/pg_isready" -q -h "$dir"; do
  kill -0 $pid 2>/dev/null || { cat "$dir/postgres.log"; exit 1; }
  sleep 0.05
done
echo "ready $dir"
read -r _ || true
kill -INT $pid
wait $pid || true
`

// PostgresURL makes a database in the private server, dropped with the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	running, err := server()
	if err != nil {
		t.Fatalf("start a private PostgreSQL: %v", err)
	}
	dir := running.dir
	name := fmt.Sprintf("test_%d", made.Add(1))
	if err := admin(t.Context(), dir, "CREATE DATABASE "+name+" TEMPLATE template0 STRATEGY FILE_COPY"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := admin(ctx, dir, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return url(dir, name)
}

func url(dir, name string) string {
	return fmt.Sprintf("postgres:///%s?host=%s&user=postgres", name, dir)
}

// admin runs one statement on the server itself.
func admin(ctx context.Context, dir, statement string) error {
	conn, err := pgx.Connect(ctx, url(dir, "postgres"))
	if err != nil {
		return fmt.Errorf("reach the private PostgreSQL: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// postgres is the running server: the folder of its socket, and the pipe whose
// end is its end. Whoever holds the value keeps the pipe from the collector.
type postgres struct {
	dir  string
	life io.WriteCloser
}

// startPostgres leaves no goroutine behind, so that goleak has nothing to find.
func startPostgres() (*postgres, error) {
	cmd, err := serverCommand()
	if err != nil {
		return nil, err
	}
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	news, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	dir, err := ready(bufio.NewScanner(news))
	return &postgres{dir: dir, life: life}, err
}

// serverCommand has its own process group: Ctrl-C ends it through the pipe,
// with its folder, like every other ending.
func serverCommand() (*exec.Cmd, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	command := append(unprivileged(), "sh", "-c", script, "sh", bin)
	cmd := exec.Command(command[0], command[1:]...) // our own script; lives as long as the process
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, nil
}

func ready(lines *bufio.Scanner) (string, error) {
	var said []string
	for lines.Scan() {
		if dir, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			return dir, nil
		}
		said = append(said, lines.Text())
	}
	return "", fmt.Errorf("it ended: %s", strings.Join(said, "; "))
}

// binaries finds the newest installed server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("postgres")
		return filepath.Dir(path), err
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged: PostgreSQL refuses to run as root.
func unprivileged() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}
}
