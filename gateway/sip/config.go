package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// Config is the section of the trunk.
type Config struct {
	UDP       string `yaml:"udp"       default:"127.0.0.1:5060" doc:"Where SIP over UDP is answered: one IP address and port; empty for none. The address is also the source of what we send."`
	TCP       string `yaml:"tcp"       default:"127.0.0.1:5060" doc:"Where SIP over TCP is answered; empty for none."`
	Advertise string `yaml:"advertise"                          doc:"The IP address that carriers see in Contact and SDP, when it is not the one of udp."`
	AreaCode  string `yaml:"area_code" default:"010"            doc:"The city's area code with its 0. It is stripped from dialled numbers and completes local callers' numbers."`
	MaxCalls  int    `yaml:"max_calls" default:"2000"           doc:"Calls at one time; further INVITEs get 503 with Retry-After. 0 sets no limit."`
	// SessionExpires is the interval of the session timer (RFC 4028).
	SessionExpires time.Duration `yaml:"session_expires" default:"30m" doc:"Session timer of RFC 4028: how long a call lives without a refresh, whole seconds from 90s; 0 for no session timers."`
	Trunks         []Trunk       `yaml:"trunks"                             doc:"Who may call. A source on no trunk gets no answer at all."`
}

// Trunk is one carrier's connection.
type Trunk struct {
	Name      string   `yaml:"name"      doc:"Name in records and logs."`
	Addresses []string `yaml:"addresses" doc:"Source addresses of its signalling: IP, CIDR or IP:port."`
	Media     []string `yaml:"media"     doc:"Ranges in which its media addresses must lie: IP or CIDR. Loopback is allowed only where a range lies within it."`
	Area      string   `yaml:"area_code" doc:"Area code of this trunk, when it is not the city's."`
	Outbound  string   `yaml:"outbound"  doc:"Where our own calls on this trunk go, IP:port; empty: this trunk only receives."`
	Transport string   `yaml:"transport" default:"udp" doc:"Transport of our own calls on this trunk: udp or tcp."`
	Rate      int      `yaml:"rate"      default:"2000" doc:"Messages a second from one of its addresses; what exceeds it is dropped unread. 0 sets no limit."`
	Burst     int      `yaml:"burst"     default:"4000" doc:"Messages that one of its addresses may send at once, above rate."`
	CPS       int      `yaml:"cps"       default:"500" doc:"New calls a second on this trunk; further INVITEs get 503 with Retry-After. 0 sets no limit."`
}

// Timers are those of RFC 3261 §17 and RFC 4028 which our dialogs use.
type Timers struct {
	T1 time.Duration // first retransmission of a 2xx; 64·T1 gives up. 500 ms
	T2 time.Duration // longest interval between them. 4 s
	// MinSE is the shortest session interval that we accept (RFC 4028 §5). 90 s
	MinSE time.Duration
}

func (t Timers) orDefault() Timers {
	if t.T1 <= 0 {
		t.T1 = 500 * time.Millisecond
	}
	if t.T2 <= 0 {
		t.T2 = 4 * time.Second
	}
	if t.MinSE <= 0 {
		t.MinSE = minSE
	}
	return t
}

// Validate names each bad field.
func (c Config) Validate() error {
	errs := []error{
		validListen("udp", c.UDP), validListen("tcp", c.TCP),
		validAdvertise(c.Advertise), validArea("area_code", c.AreaCode),
	}
	if c.UDP == "" && c.TCP == "" {
		errs = append(errs, errors.New("udp: udp and tcp are both empty: nothing would be answered"))
	}
	if c.MaxCalls < 0 {
		errs = append(errs, errors.New("max_calls: must not be negative"))
	}
	if s := c.SessionExpires; s != 0 && (s < minSE || s > maxExpires || s%time.Second != 0) {
		errs = append(errs, fmt.Errorf("session_expires: %v is neither 0 nor whole seconds from 90s to 24h", s))
	}
	names := map[string]bool{}
	for i, t := range c.Trunks {
		at := fmt.Sprintf("trunks[%d].", i)
		if names[t.Name] {
			errs = append(errs, fmt.Errorf("%sname: %q is there twice", at, t.Name))
		}
		names[t.Name] = true
		errs = append(errs, t.validate(at)...)
	}
	return errors.Join(errs...)
}

func validListen(field, v string) error {
	if v == "" {
		return nil
	}
	ap, err := netip.ParseAddrPort(v)
	if err != nil {
		return fmt.Errorf("%s: %q is not IP:port", field, v)
	}
	if ap.Addr().IsUnspecified() {
		return fmt.Errorf("%s: %q: name one address, so that answers leave from the address carriers know", field, v)
	}
	return nil
}

func validAdvertise(v string) error {
	if v == "" {
		return nil
	}
	if a, err := netip.ParseAddr(v); err != nil || a.IsUnspecified() || a.IsMulticast() {
		return fmt.Errorf("advertise: %q is not the IP address of a host", v)
	}
	return nil
}

func validArea(field, v string) error {
	digits, plus := dialled(v)
	if v != "" && (digits != v || plus || v[0] != '0' || len(v) > 4) {
		return fmt.Errorf("%s: %q is not an area code with its 0, such as 010", field, v)
	}
	return nil
}

func (t Trunk) validate(at string) []error {
	var errs []error
	if t.Name == "" {
		errs = append(errs, fmt.Errorf("%sname: is empty", at))
	}
	if len(t.Addresses) == 0 {
		errs = append(errs, fmt.Errorf("%saddresses: is empty: nobody could call", at))
	}
	for i, a := range t.Addresses {
		if _, err := parseSource(a); err != nil {
			errs = append(errs, fmt.Errorf("%saddresses[%d]: %w", at, i, err))
		}
	}
	for i, m := range t.Media {
		if _, err := parseRange(m); err != nil {
			errs = append(errs, fmt.Errorf("%smedia[%d]: %w", at, i, err))
		}
	}
	if len(t.Media) == 0 {
		errs = append(errs, fmt.Errorf("%smedia: is empty: every call would be refused", at))
	}
	if t.Outbound != "" && validListen("", t.Outbound) != nil {
		errs = append(errs, fmt.Errorf("%soutbound: %q is not IP:port", at, t.Outbound))
	}
	if t.Transport != "" && t.Transport != "udp" && t.Transport != "tcp" {
		errs = append(errs, fmt.Errorf("%stransport: %q is neither udp nor tcp", at, t.Transport))
	}
	if err := validArea(at+"area_code", t.Area); err != nil {
		errs = append(errs, err)
	}
	for name, n := range map[string]int{"rate": t.Rate, "burst": t.Burst, "cps": t.CPS} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("%s%s: must not be negative", at, name))
		}
	}
	return errs
}

// source is whom a trunk speaks for: a range, and a port when it is pinned.
type source struct {
	network netip.Prefix
	port    uint16
}

func (s source) covers(from netip.AddrPort) bool {
	return s.network.Contains(from.Addr().Unmap()) && (s.port == 0 || s.port == from.Port())
}

func parseSource(v string) (source, error) {
	if p, err := parseRange(v); err == nil {
		return source{network: p}, nil
	}
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		return source{}, fmt.Errorf("%q is not IP, CIDR or IP:port", v)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return source{}, fmt.Errorf("%q has no port", v)
	}
	p, err := parseRange(host)
	return source{network: p, port: uint16(n)}, err
}

func parseRange(v string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(v); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(v)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not IP or CIDR", v)
	}
	return p.Masked(), nil
}
