package sip

import (
	"net/netip"
	"strings"
	"testing"
)

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	good := func() Config {
		return Config{
			UDP: "127.0.0.1:5060", TCP: "127.0.0.1:0", AreaCode: "010", MaxCalls: 10,
			Trunks: []Trunk{{Name: "carrier", Addresses: []string{"192.0.2.1", "198.51.100.0/24", "192.0.2.2:5070"}, Media: []string{"203.0.113.0/24"}, Outbound: "192.0.2.1:5060", Transport: "tcp"}},
		}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"any address":        {func(c *Config) { c.UDP = "0.0.0.0:5060" }, "udp: "},
		"no port":            {func(c *Config) { c.TCP = "127.0.0.1" }, "tcp: "},
		"nothing to listen":  {func(c *Config) { c.UDP, c.TCP = "", "" }, "udp: "},
		"host name":          {func(c *Config) { c.Advertise = "sip.example.com" }, "advertise: "},
		"area without 0":     {func(c *Config) { c.AreaCode = "10" }, "area_code: "},
		"negative limit":     {func(c *Config) { c.MaxCalls = -1 }, "max_calls: "},
		"negative rate":      {func(c *Config) { c.Trunks[0].Rate = -1 }, "trunks[0].rate: "},
		"negative burst":     {func(c *Config) { c.Trunks[0].Burst = -1 }, "trunks[0].burst: "},
		"negative cps":       {func(c *Config) { c.Trunks[0].CPS = -1 }, "trunks[0].cps: "},
		"trunk without name": {func(c *Config) { c.Trunks[0].Name = "" }, "trunks[0].name: "},
		"same name":          {func(c *Config) { c.Trunks = append(c.Trunks, c.Trunks[0]) }, "trunks[1].name: "},
		"nobody":             {func(c *Config) { c.Trunks[0].Addresses = nil }, "trunks[0].addresses: "},
		"bad source":         {func(c *Config) { c.Trunks[0].Addresses[1] = "host:5060" }, "trunks[0].addresses[1]: "},
		"no media":           {func(c *Config) { c.Trunks[0].Media = nil }, "trunks[0].media: "},
		"bad media":          {func(c *Config) { c.Trunks[0].Media[0] = "10.0.0.0/99" }, "trunks[0].media[0]: "},
		"bad outbound":       {func(c *Config) { c.Trunks[0].Outbound = "carrier" }, "trunks[0].outbound: "},
		"bad transport":      {func(c *Config) { c.Trunks[0].Transport = "tls" }, "trunks[0].transport: "},
		"bad trunk area":     {func(c *Config) { c.Trunks[0].Area = "x" }, "trunks[0].area_code: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good()
			tt.change(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if _, err := New(Options{Config: c, Log: testLog(t)}); err == nil {
				t.Error("New took it")
			}
		})
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	read, err := Trunk{Addresses: []string{"192.0.2.1", "198.51.100.0/24", "192.0.2.2:5070"}}.read("010")
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]bool{
		"192.0.2.1:5060": true, "192.0.2.1:40000": true, "[::ffff:192.0.2.1]:5060": true, "198.51.100.77:1": true,
		"192.0.2.2:5070": true, "192.0.2.2:5060": false, "203.0.113.1:5060": false, "[2001:db8::1]:5060": false,
	} {
		if got := read.speaksFor(netip.MustParseAddrPort(from)); got != want {
			t.Errorf("%s speaks for the trunk: %v, want %v", from, got, want)
		}
	}
}

func TestMediaAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		ranges []string
		to     string
		want   bool
	}{
		{[]string{"203.0.113.0/24"}, "203.0.113.9:4000", true},
		{[]string{"203.0.113.0/24"}, "203.0.114.9:4000", false},
		{[]string{"203.0.113.0/24"}, "203.0.113.9:0", false},
		{[]string{"0.0.0.0/0"}, "203.0.113.9:4000", true},
		{[]string{"0.0.0.0/0"}, "127.0.0.1:4000", false},
		{[]string{"0.0.0.0/0"}, "169.254.169.254:80", false},
		{[]string{"0.0.0.0/0"}, "224.0.0.1:4000", false},
		{[]string{"0.0.0.0/0"}, "0.0.0.0:4000", false},
		{[]string{"127.0.0.0/8"}, "127.0.0.1:4000", true},
		{[]string{"::/0"}, "[::1]:4000", false},
		{[]string{"0.0.0.0/0"}, "[::ffff:127.0.0.1]:4000", false},
	}
	for _, tt := range tests {
		read, err := Trunk{Media: tt.ranges}.read("010")
		if err != nil {
			t.Fatal(err)
		}
		if got := read.allowsMedia(netip.MustParseAddrPort(tt.to)); got != tt.want {
			t.Errorf("%v allows %s: %v, want %v", tt.ranges, tt.to, got, tt.want)
		}
	}
}

func TestHealthAnswersOptions(t *testing.T) {
	t.Parallel()
	n := startNode(t, nil, func(o *Options) { o.Health = func() bool { return false } })
	p := newPeer(t, n.Addrs().UDP)
	p.send(p.message("OPTIONS", "o", "o", "", "", ""))
	p.expect("SIP/2.0 503", "Retry-After: "+retryAfter)
}
