// Package node is one running instance: it composes the configuration, builds
// every room in one straight line with a named teardown behind each step, and
// serves health, drain and stop. It decides nothing about contacts.
package node
