//go:build !linux

package sip

import (
	"net"
	"net/netip"
)

// guardSocket widens the socket's buffer; elsewhere than on Linux only the
// border itself drops strangers.
func guardSocket(conn *net.UDPConn) (kernel func([]netip.Prefix)) {
	_ = conn.SetReadBuffer(readBuffer)
	return nil
}

func kernelDrops(*net.UDPConn) float64 { return 0 }
