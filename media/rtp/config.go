package rtp

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Config says where calls' audio is received.
type Config struct {
	Address    netip.Addr    `yaml:"address" default:"127.0.0.1" doc:"Local IP address of the trunk's audio; it is told to the carrier in the session description."`
	PortMin    uint16        `yaml:"port_min" default:"20000" doc:"First UDP port of the range; 0 with port_max 0 lets the system choose."`
	PortMax    uint16        `yaml:"port_max" default:"29999" doc:"Last UDP port of the range. A call takes an even port for audio and the odd one above it for reports (RTCP)."`
	Quarantine time.Duration `yaml:"quarantine" default:"30s" doc:"How long a port rests after a call, so that late packets of that call reach no other."`
	Silence    time.Duration `yaml:"silence" default:"60s" doc:"How long a call that is not held may send no audio before it is taken for dead; 0 for ever."`
}

// Validate checks the section and names the field at fault.
func (c Config) Validate() error {
	var errs []error
	if !c.Address.IsValid() || c.Address.IsMulticast() || c.Address.IsUnspecified() {
		errs = append(errs, fmt.Errorf("address: want one local IP address, got %q", c.Address))
	}
	if c.PortMax < c.PortMin {
		errs = append(errs, fmt.Errorf("port_max: %d is below port_min %d", c.PortMax, c.PortMin))
	}
	if c.PortMax > 0 && c.evens() == 0 {
		errs = append(errs, fmt.Errorf("port_min: no even port from %d to %d", c.PortMin, c.PortMax))
	}
	if c.PortMax > 0 && c.PortMin == 0 {
		errs = append(errs, errors.New("port_min: 0 needs port_max 0"))
	}
	if c.Quarantine < 0 {
		errs = append(errs, fmt.Errorf("quarantine: %v is negative", c.Quarantine))
	}
	if c.Silence < 0 {
		errs = append(errs, fmt.Errorf("silence: %v is negative", c.Silence))
	}
	return errors.Join(errs...)
}

// first is the lowest even port.
func (c Config) first() int { return int(c.PortMin) + int(c.PortMin)%2 }

// evens is the number of even ports.
func (c Config) evens() int {
	if int(c.PortMax) < c.first() {
		return 0
	}
	return (int(c.PortMax)-c.first())/2 + 1
}
