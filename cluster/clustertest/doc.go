// Package clustertest holds every bus and every keeper of leases to the
// contract of package cluster.
package clustertest
