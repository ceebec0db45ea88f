// Package deploy carries the demo city's configuration inside the binary. The
// folder also holds what an installation needs: an example configuration, the
// systemd unit, and the script that installs Debian packages.
package deploy

import _ "embed"

// Demo is the YAML that `hotline serve` runs without a file.
//
//go:embed demo.yaml
var Demo string
