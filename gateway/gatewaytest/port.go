package gatewaytest

import (
	"net"
	"os"
	"sync/atomic"
	"testing"
)

const (
	firstPort = 11000 // below what the kernel gives away by itself, and below our own RTP
	ports     = 880
	portStep  = 10 // SIPp takes the ports above its media port too
)

// picked counts what this process has given away: the ports are the machine's,
// and two tests that ask at the same moment must not get the same.
//
//nolint:gochecknoglobals // see above
var picked atomic.Int64

// FreePort is a UDP port of 127.0.0.1 for programs that cannot be told port 0. It
// and the three above it were free a moment ago, and no other test of this
// process gets them.
func FreePort(t testing.TB) int {
	t.Helper()
	for range ports {
		port := firstPort + int((int64(os.Getpid())*37+picked.Add(1))%ports)*portStep
		if free(port, 4) {
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// free says whether n ports from the first can be bound, over UDP and TCP.
func free(first, n int) bool {
	for port := first; port < first+n; port++ {
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			return false
		}
		_ = udp.Close()
		tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			return false
		}
		_ = tcp.Close()
	}
	return true
}
