package agentui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed placeholder/index.html
var placeholder embed.FS

// Files is the built desk, rooted at its index.html, or the placeholder page
// when dist holds no build.
func Files() fs.FS {
	if built, err := fs.Sub(dist, "dist"); err == nil && Built() {
		return built
	}
	page, err := fs.Sub(placeholder, "placeholder")
	if err != nil {
		return placeholder
	}
	return page
}

// Built tells whether a build of the desk is embedded.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
