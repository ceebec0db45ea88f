// Package agentui holds the operator desk: a Vue application whose build (dist)
// is embedded, so that one binary serves it. Without a build, which needs Node,
// the package still compiles and serves a page that says how to make one.
package agentui
