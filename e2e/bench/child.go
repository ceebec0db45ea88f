package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
)

// Nothing is an argument or a result without content.
type Nothing struct{}

// child is this binary in another role.
type child struct {
	*process
	client *rpc.Client
}

// spawn starts this binary in a role.
func (l *lab) spawn(ctx context.Context, role string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	cmd := exec.CommandContext(ctx, self, role) //nolint:gosec // G204: the program is this one, the role a constant of ours
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	p, err := l.start(role, cmd)
	if err != nil {
		return nil, err
	}
	return &child{p, jsonrpc.NewClient(pipe{out, in})}, nil
}

// do calls one method of the role. The name is Role.Method.
func (c *child) do(ctx context.Context, method string, args, reply any) error {
	call := c.client.Go(method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		if call.Error != nil {
			return errors.Join(fmt.Errorf("%s: %w", method, call.Error), c.failed())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

// serveRole answers the parent until it closes the pipe.
func serveRole(conn io.ReadWriteCloser, name string, role any) error {
	s := rpc.NewServer()
	if err := s.RegisterName(name, role); err != nil {
		return err
	}
	s.ServeCodec(jsonrpc.NewServerCodec(conn))
	return nil
}

// pipe is a child's standard output and input as one connection.
type pipe struct {
	io.ReadCloser
	in io.WriteCloser
}

func (p pipe) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p pipe) Close() error { return errors.Join(p.in.Close(), p.ReadCloser.Close()) }

// stdio is the child's end of the same.
type stdio struct{}

func (stdio) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (stdio) Write(b []byte) (int, error) { return os.Stdout.Write(b) }
func (stdio) Close() error                { return errors.Join(os.Stdin.Close(), os.Stdout.Close()) }
