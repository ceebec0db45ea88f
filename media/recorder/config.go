package recorder

import "errors"

// Config says whether and where calls are written down.
type Config struct {
	Folder  string `yaml:"folder" default:"recordings" doc:"Folder of the recordings, one below it for each day; a relative one lies below node.data. Each node needs its own."`
	Enabled bool   `yaml:"enabled" default:"true" doc:"Calls are recorded. When off, those recorded before can still be heard."`
}

// Validate names the field at fault.
func (c Config) Validate() error {
	if c.Folder == "" {
		return errors.New("folder: must name a folder")
	}
	return nil
}
