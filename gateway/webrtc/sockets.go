package webrtc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

const (
	// socketBuffer is asked of the kernel for the one socket all desks share.
	socketBuffer = 8 << 20
	// tcpQueue is how many packets wait on one TCP connection.
	tcpQueue = 64
	// tcpBuffer is how many octets a slow TCP connection may hold back.
	tcpBuffer = 256 << 10
)

// sockets are the ports all desks share.
type sockets struct {
	udp      ice.UDPMux
	conn     net.PacketConn // of a single address; nil when udp owns many
	tcp      ice.TCPMux
	loopback bool // candidates of the loopback interface are told
}

func openSockets(c Config, loggers logging.LoggerFactory) (*sockets, error) {
	at := netip.MustParseAddrPort(c.Listen)
	s := &sockets{loopback: at.Addr().IsLoopback()}
	if err := s.openUDP(at, loggers.NewLogger("udp")); err != nil {
		return nil, fmt.Errorf("listen %s udp: %w", c.Listen, err)
	}
	if c.ListenTCP == "" {
		return s, nil
	}
	if err := s.openTCP(c.ListenTCP, loggers.NewLogger("tcp")); err != nil {
		return nil, errors.Join(fmt.Errorf("listen_tcp %s: %w", c.ListenTCP, err), s.close())
	}
	return s, nil
}

func (s *sockets) openUDP(at netip.AddrPort, log logging.LeveledLogger) error {
	if at.Addr().IsUnspecified() {
		return s.openEveryUDP(at, log)
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return err
	}
	_ = conn.SetReadBuffer(socketBuffer)
	_ = conn.SetWriteBuffer(socketBuffer)
	s.conn, s.udp = conn, ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: log, UDPConn: conn})
	return nil
}

// openEveryUDP binds each interface's address by itself, so that answers leave
// from the address that was asked. A machine without a network has loopback only.
func (s *sockets) openEveryUDP(at netip.AddrPort, log logging.LeveledLogger) error {
	networks := []ice.NetworkType{ice.NetworkTypeUDP4}
	if at.Addr().Is6() {
		networks = append(networks, ice.NetworkTypeUDP6)
	}
	options := []ice.UDPMuxFromPortOption{
		ice.UDPMuxFromPortWithNetworks(networks...),
		ice.UDPMuxFromPortWithReadBufferSize(socketBuffer),
		ice.UDPMuxFromPortWithWriteBufferSize(socketBuffer),
		ice.UDPMuxFromPortWithLogger(log),
	}
	mux, err := ice.NewMultiUDPMuxFromPort(int(at.Port()), options...)
	if err == nil && len(mux.GetListenAddresses()) == 0 {
		s.loopback = true
		_ = mux.Close()
		mux, err = ice.NewMultiUDPMuxFromPort(int(at.Port()), append(options, ice.UDPMuxFromPortWithLoopback())...)
	}
	if err != nil {
		return err
	}
	s.udp = mux
	return nil
}

func (s *sockets) openTCP(at string, log logging.LeveledLogger) error {
	var c net.ListenConfig
	l, err := c.Listen(context.Background(), "tcp", at)
	if err != nil {
		return err
	}
	s.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: l, Logger: log, ReadBufferSize: tcpQueue, WriteBufferSize: tcpBuffer,
	})
	return nil
}

func (s *sockets) close() error {
	var errs []error
	if s.tcp != nil {
		errs = append(errs, s.tcp.Close())
	}
	errs = append(errs, s.udp.Close())
	if s.conn != nil {
		if err := s.conn.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
