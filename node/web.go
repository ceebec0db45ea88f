package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// Addresses is where a node is reached; zero where it does not listen.
type Addresses struct {
	HTTP, HTTPS, Admin netip.AddrPort
	SIP, SIPTCP        netip.AddrPort
}

// openHTTP listens for desks, for HTTPS if asked, and for administration.
func (n *Node) openHTTP(ctx context.Context) (err error) {
	if n.addresses.Admin, err = n.listen(ctx, "admin", n.cfg.HTTP.Admin, n.admin(), nil); err != nil {
		return err
	}
	all := n.handler()
	if n.addresses.HTTP, err = n.listen(ctx, "http", n.cfg.HTTP.Listen, all, nil); err != nil {
		return err
	}
	if n.cfg.HTTP.TLSListen == "" {
		return nil
	}
	pair, err := certificate(n.cfg.HTTP, n.cfg.Node.Data, n.now())
	if err != nil {
		return err
	}
	secure := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	n.addresses.HTTPS, err = n.listen(ctx, "https", n.cfg.HTTP.TLSListen, all, secure)
	return err
}

func (n *Node) listen(ctx context.Context, name, address string, h http.Handler, secure *tls.Config) (netip.AddrPort, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s: %w", name, err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort() // a TCP listener's
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(n.log.With("part", name).Handler(), slog.LevelDebug),
	}
	n.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("listener ended", "part", name, "error", err)
		}
	})
	n.down.add(name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return errors.Join(ignoreLate(server.Shutdown(ctx)), server.Close())
	})
	return at, nil
}

// ignoreLate: a request that outlasts the shutdown is closed right after.
func ignoreLate(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (n *Node) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", n.metrics.handler())
	mux.HandleFunc("GET /healthz", n.health.live)
	mux.HandleFunc("GET /readyz", n.health.ready)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
