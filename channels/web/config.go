package web

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
)

// Self is the origin of the page that this node itself serves.
const Self = "self"

// Config says which sites may talk to the house.
type Config struct {
	Accounts       []Account `yaml:"accounts" doc:"The sites and apps that may open conversations; none: no web chat."`
	Page           string    `yaml:"page" default:"" doc:"app_key of the account whose plain page is shown at /chat/; empty: no page."`
	TrustedProxies []string  `yaml:"trusted_proxies" doc:"Networks, such as 10.0.0.0/8, whose X-Forwarded-For is believed."`
	AddressRate    int       `yaml:"address_rate" default:"20" doc:"Requests and messages a second of one address, with a burst of five times as many."`
	AccountRate    int       `yaml:"account_rate" default:"200" doc:"Messages a second of one account at this node, with a burst of twice as many."`
}

// Account is one site or app.
type Account struct {
	AppKey  string   `yaml:"app_key" doc:"Public name of the site in the protocol: letters, digits, hyphens."`
	Name    string   `yaml:"name" doc:"What people call it."`
	Origins []string `yaml:"origins" doc:"Exact origins of its pages, such as https://www.example.gov.cn; self is the page at /chat/."`
	Apps    bool     `yaml:"apps" default:"false" doc:"Lets in clients that send no Origin, such as native apps."`
	Topics  []Topic  `yaml:"topics" doc:"What a citizen may choose to talk about."`
}

// Topic is one choice.
type Topic struct {
	Name  string `yaml:"name" json:"name" doc:"Name in expressions and records."`
	Title Title  `yaml:"title" json:"title" doc:"What the citizen reads."`
}

// Title is the text of a choice.
type Title struct {
	ZH string `yaml:"zh" json:"zh" doc:"In Chinese."`
	EN string `yaml:"en" json:"en" doc:"In English."`
}

// Validate names the field at fault.
func (c Config) Validate() error {
	var errs []error
	keys := map[string]bool{}
	for i, a := range c.Accounts {
		field := fmt.Sprintf("accounts[%d]", i)
		if keys[a.AppKey] {
			errs = append(errs, fmt.Errorf("%s.app_key: %q is there twice", field, a.AppKey))
		}
		keys[a.AppKey] = true
		errs = append(errs, a.validate(field)...)
	}
	if c.Page != "" && !keys[c.Page] {
		errs = append(errs, fmt.Errorf("page: no account has the app_key %q", c.Page))
	}
	for i, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			errs = append(errs, fmt.Errorf("trusted_proxies[%d]: %q is no network such as 10.0.0.0/8", i, p))
		}
	}
	return errors.Join(append(errs, positive("address_rate", c.AddressRate), positive("account_rate", c.AccountRate))...)
}

func positive(field string, n int) error {
	if n < 1 || n > 100_000 {
		return fmt.Errorf("%s: %d is not 1 to 100000", field, n)
	}
	return nil
}

func (a Account) validate(field string) (errs []error) {
	if !plain(a.AppKey) {
		errs = append(errs, fmt.Errorf("%s.app_key: %q is not 1 to 40 letters, digits, hyphens", field, a.AppKey))
	}
	if len(a.Origins) == 0 && !a.Apps {
		errs = append(errs, fmt.Errorf("%s.origins: is empty, and apps is false: nobody could connect", field))
	}
	for i, o := range a.Origins {
		if o != Self && !isOrigin(o) {
			errs = append(errs, fmt.Errorf("%s.origins[%d]: %q is no origin such as https://www.example.gov.cn", field, i, o))
		}
	}
	names := map[string]bool{}
	for i, t := range a.Topics {
		if !plain(t.Name) || names[t.Name] {
			errs = append(errs, fmt.Errorf("%s.topics[%d].name: %q is not 1 to 40 letters, digits, hyphens, or there twice", field, i, t.Name))
		}
		if t.Title.ZH == "" || t.Title.EN == "" {
			errs = append(errs, fmt.Errorf("%s.topics[%d].title: needs zh and en", field, i))
		}
		names[t.Name] = true
	}
	return errs
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && s == u.Scheme+"://"+u.Host
}

func plain(s string) bool {
	for i := range len(s) {
		b := s[i]
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '-' && b != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// withDefaults is for who makes a Config without the loader.
func (c Config) withDefaults() Config {
	if c.AddressRate == 0 {
		c.AddressRate = 20
	}
	if c.AccountRate == 0 {
		c.AccountRate = 200
	}
	return c
}

func (c Config) account(key string) (Account, bool) {
	i := slices.IndexFunc(c.Accounts, func(a Account) bool { return a.AppKey == key })
	if i < 0 {
		return Account{}, false
	}
	return c.Accounts[i], true
}

func (a Account) hasTopic(name string) bool {
	return name == "" || slices.ContainsFunc(a.Topics, func(t Topic) bool { return t.Name == name })
}

func (a Account) hasOrigin(origin string) bool { return slices.Contains(a.Origins, origin) }

// lets says whether a client with that origin may speak for the account; self
// is the origin that the request itself was sent to.
func (a Account) lets(origin, self string) bool {
	if origin == "" {
		return a.Apps
	}
	return a.hasOrigin(origin) || origin == self && a.hasOrigin(Self)
}
