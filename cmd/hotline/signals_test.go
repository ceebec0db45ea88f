package main

import (
	"context"
	"syscall"
	"testing"
	"time"
)

func TestTheFirstSignalDrainsAndTheSecondKills(t *testing.T) {
	ctx, drain, stop := signals(context.Background())
	defer stop()
	send := func() {
		t.Helper()
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	await := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s did not come", what)
		}
	}
	send()
	await("the drain", drain)
	if ctx.Err() != nil {
		t.Fatal("the first signal killed")
	}
	send()
	await("the kill", ctx.Done())
}
