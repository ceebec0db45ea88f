package rtp

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestConfigValidate(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddr("127.0.0.1")
	tests := map[string]struct {
		config Config
		want   string
	}{
		"range":             {Config{Address: at, PortMin: 20000, PortMax: 29999}, ""},
		"any":               {Config{Address: at}, ""},
		"no address":        {Config{}, "address"},
		"every address":     {Config{Address: netip.IPv4Unspecified()}, "address"},
		"upside down":       {Config{Address: at, PortMin: 30000, PortMax: 20000}, "port_max"},
		"one odd port":      {Config{Address: at, PortMin: 20001, PortMax: 20001}, "port_min"},
		"half a range":      {Config{Address: at, PortMax: 20001}, "port_min"},
		"negative rest":     {Config{Address: at, Quarantine: -1}, "quarantine"},
		"negative silence":  {Config{Address: at, Silence: -1}, "silence"},
		"up to the highest": {Config{Address: at, PortMin: 65534, PortMax: 65535}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.config.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q", err, tt.want)
			}
		})
	}
}

// few is a range with two even ports that are free now.
func few(t *testing.T) Config {
	t.Helper()
	c := local()
	for range 100 {
		p := openPorts(t, c)
		s := openSession(t, p)
		at := s.LocalPort()
		p.Close()
		c := Config{Address: c.Address, PortMin: uint16(at), PortMax: uint16(at + 3)}
		if bothFree(t, c) {
			return c
		}
	}
	t.Fatal("no two free ports beside each other")
	return c
}

func bothFree(t *testing.T, c Config) bool {
	t.Helper()
	p := openPorts(t, c)
	defer p.Close()
	_, err1 := p.Open()
	_, err2 := p.Open()
	return err1 == nil && err2 == nil
}

func TestPortsAreExhaustedAndRest(t *testing.T) {
	t.Parallel()
	c := few(t)
	c.Quarantine = 50 * time.Millisecond
	p := openPorts(t, c)
	one, two := openSession(t, p), openSession(t, p)
	if one.LocalPort() == two.LocalPort() || one.LocalPort()%2+two.LocalPort()%2 != 0 {
		t.Errorf("ports %d and %d", one.LocalPort(), two.LocalPort())
	}
	if _, err := p.Open(); !errors.Is(err, ErrExhausted) {
		t.Fatalf("err = %v", err)
	}
	_ = one.Close()
	if _, err := p.Open(); !errors.Is(err, ErrExhausted) {
		t.Fatalf("a port in quarantine was given out: %v", err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		s, err := p.Open()
		if err == nil {
			if s.LocalPort() != one.LocalPort() {
				t.Errorf("port %d, want %d", s.LocalPort(), one.LocalPort())
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the quarantine does not end")
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A late packet of a call that ended reaches nobody, and is not answered by an
// ICMP error either: the socket is still there.
func TestPortsRestWithTheirSocket(t *testing.T) {
	t.Parallel()
	c := local()
	c.Quarantine = time.Hour
	p := openPorts(t, c)
	s, far := openSession(t, p), newPhone(t)
	if err := s.Start(far.params()); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	far.send(s, 8, []byte{1})
	for _, port := range []int{s.LocalPort(), s.LocalPort() + 1} {
		if taken, err := openSocket(netip.AddrPortFrom(c.Address, uint16(port))); err == nil {
			taken.close()
			t.Errorf("port %d of a call that just ended can be bound", port)
		}
	}
	p.Close()
	p.Close()
	again, err := openPair(c.Address, s.LocalPort())
	if err != nil {
		t.Fatalf("ports kept after Close: %v", err)
	}
	again.close()
	if _, err := p.Open(); err == nil {
		t.Error("opened after Close")
	}
}

func TestPortsSkipWhatOthersHold(t *testing.T) {
	t.Parallel()
	c := few(t)
	p := openPorts(t, c)
	odd, err := openSocket(netip.AddrPortFrom(c.Address, c.PortMin+1)) // half of the first pair is enough
	if err != nil {
		t.Fatal(err)
	}
	defer odd.close()
	if s := openSession(t, p); s.LocalPort() != int(c.PortMin)+2 {
		t.Errorf("port %d", s.LocalPort())
	}
	if _, err := p.Open(); !errors.Is(err, ErrExhausted) {
		t.Errorf("err = %v", err)
	}
}

func TestPortsConcurrently(t *testing.T) {
	t.Parallel()
	p := openPorts(t, local())
	far := newPhone(t)
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for range 5 {
				s, err := p.Open()
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Start(far.params()); err != nil {
					t.Error(err)
				}
				_ = s.Close()
			}
		})
	}
	callers.Wait()
}

func TestNewPortsRefuses(t *testing.T) {
	t.Parallel()
	if _, err := NewPorts(Options{Log: silentLog()}); err == nil {
		t.Error("no address, no error")
	}
	o := Options{Config: local(), Engine: startEngine(t), Log: silentLog(), Registerer: prometheus.NewRegistry()}
	p, err := NewPorts(o)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := NewPorts(o); err == nil {
		t.Error("metrics registered twice without an error")
	}
}
