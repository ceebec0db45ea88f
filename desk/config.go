package desk

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Config is the desk's section of the configuration.
type Config struct {
	Origins      []string      `yaml:"origins" doc:"Further origins that may open the desk, such as https://desk.example; the node's own is always allowed."`
	LostAfter    time.Duration `yaml:"lost_after" default:"15s" doc:"Without a socket for this long a seat is not ready."`
	ReleaseAfter time.Duration `yaml:"release_after" default:"30s" doc:"An agent who is not heard for this long in a talk loses the citizen to the next agent, at the head of the queue."`
	ForgetAfter  time.Duration `yaml:"forget_after" default:"10m" doc:"Without a socket for this long an agent is signed off at the queue; after the talk, if there is one."`
	ReleaseChats time.Duration `yaml:"release_chats" default:"3m" doc:"Without a socket for this long an agent's conversations go back to the queue, at their old places."`
	Recheck      time.Duration `yaml:"recheck" default:"1s" doc:"How often an open socket's sign-in is verified."`
	PingEvery    time.Duration `yaml:"ping_every" default:"5s" doc:"How often a socket is pinged."`
	PongWithin   time.Duration `yaml:"pong_within" default:"15s" doc:"Without a pong for this long a socket is closed."`
}

// Defaults are the values of a configuration that says nothing.
func Defaults() Config {
	return Config{
		LostAfter: 15 * time.Second, ReleaseAfter: 30 * time.Second, ForgetAfter: 10 * time.Minute,
		ReleaseChats: 3 * time.Minute,
		Recheck:      time.Second, PingEvery: 5 * time.Second, PongWithin: 15 * time.Second,
	}
}

// Validate names the fields that are wrong.
func (c Config) Validate() error {
	var errs []error
	for _, o := range c.Origins {
		if u, err := url.Parse(o); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Path != "" {
			errs = append(errs, fmt.Errorf("origins: %q is not an origin such as https://desk.example", o))
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"lost_after", c.LostAfter},
		{"release_after", c.ReleaseAfter},
		{"forget_after", c.ForgetAfter},
		{"release_chats", c.ReleaseChats},
		{"recheck", c.Recheck},
		{"ping_every", c.PingEvery},
		{"pong_within", c.PongWithin},
	} {
		if d.value <= 0 {
			errs = append(errs, fmt.Errorf("%s: want a positive duration, got %s", d.name, d.value))
		}
	}
	if c.PongWithin <= c.PingEvery {
		errs = append(errs, errors.New("pong_within: want more than ping_every"))
	}
	return errors.Join(errs...)
}
