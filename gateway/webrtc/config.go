package webrtc

import (
	"errors"
	"fmt"
	"net/netip"
)

// Config says where agents' browsers send their audio.
type Config struct {
	Listen    string   `yaml:"listen" default:"0.0.0.0:8500" doc:"UDP address of the browsers' audio; 0.0.0.0 listens on every interface."`
	ListenTCP string   `yaml:"listen_tcp" default:"0.0.0.0:8500" doc:"TCP address for networks that block UDP; empty for none."`
	Advertise []string `yaml:"advertise" doc:"IP addresses that browsers are told in addition to the node's own, for nodes behind address translation."`
}

// Validate checks the section and names the field at fault.
func (c Config) Validate() error {
	var errs []error
	if _, err := netip.ParseAddrPort(c.Listen); err != nil {
		errs = append(errs, fmt.Errorf("listen: want address:port, got %q", c.Listen))
	}
	if _, err := netip.ParseAddrPort(c.ListenTCP); err != nil && c.ListenTCP != "" {
		errs = append(errs, fmt.Errorf("listen_tcp: want address:port or nothing, got %q", c.ListenTCP))
	}
	for i, a := range c.Advertise {
		if ip, err := netip.ParseAddr(a); err != nil || ip.IsUnspecified() || ip.IsMulticast() {
			errs = append(errs, fmt.Errorf("advertise[%d]: want an IP address, got %q", i, a))
		}
	}
	return errors.Join(errs...)
}
