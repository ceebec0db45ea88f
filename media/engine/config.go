package engine

import (
	"fmt"
	"runtime"
)

// maxLoops is more than any machine we run on has processors.
const maxLoops = 256

// Config says how many loops share the work.
type Config struct {
	Loops int `yaml:"loops" default:"0" doc:"Event loops that forward the trunk's audio, each a thread of its own; 0 is one for two processors."`
}

// Validate names the field at fault.
func (c Config) Validate() error {
	if c.Loops < 0 || c.Loops > maxLoops {
		return fmt.Errorf("loops: %d is not 0..%d", c.Loops, maxLoops)
	}
	return nil
}

func (c Config) loops() int {
	if c.Loops > 0 {
		return c.Loops
	}
	return max(1, runtime.NumCPU()/2)
}
