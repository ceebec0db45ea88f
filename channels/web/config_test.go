package web_test

import (
	"strings"
	"testing"

	"hotline/channels/web"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	good := func() web.Config {
		c := sites()
		c.AddressRate, c.AccountRate = 20, 200
		return c
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*web.Config){
		"accounts[1].app_key":         func(c *web.Config) { c.Accounts[1].AppKey = "portal" },
		"accounts[0].app_key":         func(c *web.Config) { c.Accounts[0].AppKey = "a b"; c.Page = "" },
		"accounts[0].origins:":        func(c *web.Config) { c.Accounts[0].Origins = nil },
		"accounts[0].origins[0]":      func(c *web.Config) { c.Accounts[0].Origins[0] = "https://x.example/" },
		"accounts[2].origins[0]":      func(c *web.Config) { c.Accounts[2].Origins[0] = "*" },
		"accounts[0].topics[0].name":  func(c *web.Config) { c.Accounts[0].Topics[0].Name = "" },
		"accounts[0].topics[0].title": func(c *web.Config) { c.Accounts[0].Topics[0].Title.EN = "" },
		"page":                        func(c *web.Config) { c.Page = "nobody" },
		"trusted_proxies[0]":          func(c *web.Config) { c.TrustedProxies = []string{"10.0.0.1"} },
		"address_rate":                func(c *web.Config) { c.AddressRate = 0 },
		"account_rate":                func(c *web.Config) { c.AccountRate = -1 },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			c := good()
			spoil(&c)
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("got %v, want %s named", err, field)
			}
		})
	}
}

func TestAddressOf(t *testing.T) {
	t.Parallel()
	trusted := []string{"10.0.0.0/8", "fd00::/8"}
	for name, x := range map[string]struct{ remote, forwarded, want string }{
		"alone":                 {"203.0.113.9:5", "", "203.0.113.9"},
		"a stranger's claim":    {"203.0.113.9:5", "198.51.100.1", "203.0.113.9"},
		"a proxy":               {"10.1.2.3:5", "198.51.100.1", "198.51.100.1"},
		"two proxies":           {"10.1.2.3:5", "198.51.100.1, 10.9.9.9", "198.51.100.1"},
		"a claim behind it":     {"10.1.2.3:5", "1.2.3.4, 198.51.100.1", "198.51.100.1"},
		"a proxy says nonsense": {"10.1.2.3:5", "unknown", "10.1.2.3"},
		"IPv6 by household":     {"[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::/64"},
		"IPv4 in IPv6":          {"[::ffff:203.0.113.9]:5", "", "203.0.113.9"},
		"a zone":                {"[fe80::1%eth0]:5", "", "fe80::/64"},
		"nonsense":              {"pipe", "", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := web.AddressOf(trusted, x.remote, x.forwarded); err != nil || got != x.want {
				t.Errorf("got %q, %v; want %q", got, err, x.want)
			}
		})
	}
}
