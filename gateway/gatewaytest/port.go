package gatewaytest

import (
	"net"
	"testing"
)

// FreePort is a UDP port of 127.0.0.1 that nobody had a moment ago, for
// programs that do not tell which port they took.
func FreePort(t testing.TB) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.LocalAddr().(*net.UDPAddr).Port
}
