package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// The scenarios of SIPp and Kamailio's configuration.
//
//go:embed testdata/*.xml testdata/kamailio.cfg
var scripts embed.FS

const (
	setupRate     = 500 // calls a second
	setupPatience = 10 * time.Second
	setupOver     = 3 * time.Second // for the last records to be written
	setupLongest  = 2 * time.Minute // of one round
)

// benchSetup compares what 1,000 calls cost, from INVITE to BYE 0.1 s after the
// answer: our whole node, which answers, plays music, queues the contact in its
// Redis, takes it out again and writes its record, and Kamailio as stateful
// proxy, which passes the messages on to an answering SIPp (not counted).
func benchSetup(ctx context.Context, l *lab) error {
	folder, err := unpack()
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	both, err := l.interleave(ctx,
		func(ctx context.Context) (sample, error) { return l.setUpOurs(ctx, folder) },
		func(ctx context.Context) (sample, error) { return l.setUpTheirs(ctx, folder) })
	if err != nil {
		return err
	}
	unit := fmt.Sprintf("CPU seconds per 1000 calls at %d/s", setupRate)
	l.report(figure{"call-setup", both.ours["cpu"], unit, peer, both.peer["cpu"], true})
	l.report(figure{"call-setup-redis", both.ours["redis"], "CPU seconds per 1000 calls, of these", alone, 0, false})
	l.report(figure{"call-setup-failed", both.ours["failed"], "calls", peer, both.peer["failed"], false})
	return nil
}

// unpack writes the scripts into a folder of their own.
func unpack() (string, error) {
	folder, err := os.MkdirTemp("", "hotline-bench-")
	if err != nil {
		return "", err
	}
	in, err := fs.Sub(scripts, "testdata")
	if err != nil {
		return "", err
	}
	return folder, os.CopyFS(folder, in)
}

func (l *lab) setUpOurs(ctx context.Context, folder string) (sample, error) {
	defer l.stopAll()
	c, at, err := l.city(ctx, CityArgs{})
	if err != nil {
		return sample{}, err
	}
	before, err := redisOf(c.pid())
	if err != nil {
		return sample{}, err
	}
	s, err := l.callOften(ctx, folder, at.SIP, c.pid())
	if err != nil {
		return sample{}, err
	}
	after, err := redisOf(c.pid())
	s.values["redis"] = (after - before).Seconds() * 1000 / float64(l.setups())
	l.note("  ours: %.3f CPU s per 1000 calls, Redis's %.3f of it, %v failed, others %.2f cores",
		s.values["cpu"], s.values["redis"], s.values["failed"], s.noise)
	return s, err
}

// redisOf is what the node's only child has used.
func redisOf(node int) (used time.Duration, err error) {
	all, err := tasks("/proc")
	for _, t := range all {
		if t.parent == node {
			used += t.all
		}
	}
	return used, err
}

func (l *lab) setUpTheirs(ctx context.Context, folder string) (sample, error) {
	defer l.stopAll()
	answerer, err := freePort(ctx)
	if err != nil {
		return sample{}, err
	}
	if _, err := l.sipp(ctx, "answerer", folder, answerer, "127.0.0.1"); err != nil {
		return sample{}, err
	}
	proxy, err := freePort(ctx)
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, "kamailio", "-DD", "-E", "-m", "128", "-M", "16", //nolint:gosec // a fixed program
		"-f", filepath.Join(folder, "kamailio.cfg"), "-Y", folder, "-l", "udp:"+proxy.String(),
		"-A", fmt.Sprintf(`UAS="sip:%s"`, answerer))
	k, err := l.start("kamailio", cmd)
	if err != nil {
		return sample{}, err
	}
	if err := k.until(ctx, setupPatience, func(ctx context.Context) error { return answersOptions(ctx, proxy) }); err != nil {
		return sample{}, err
	}
	s, err := l.callOften(ctx, folder, proxy.String(), k.pid())
	if err == nil {
		l.note("  kamailio: %.3f CPU s per 1000 calls, %v failed, others %.2f cores", s.values["cpu"], s.values["failed"], s.noise)
	}
	return s, err
}

// answersOptions asks for any answer: the proxy is up.
func answersOptions(ctx context.Context, at netip.AddrPort) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", at.String())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	from := conn.LocalAddr().String()
	if _, err := fmt.Fprintf(conn, "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nFrom: <sip:bench@%s>;tag=1\r\n"+
		"To: <sip:%s>\r\nCall-ID: %d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
		at, from, time.Now().UnixNano(), from, at, time.Now().UnixNano()); err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 4096))
	return err
}

// setups is how many calls a round has.
func (l *lab) setups() int { return int(l.window().Seconds() * setupRate) }

// callOften sends a round's calls and tells what they cost the target.
func (l *lab) callOften(ctx context.Context, folder, to string, target int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, setupLongest)
	defer cancel()
	from, err := freePort(ctx)
	if err != nil {
		return sample{}, err
	}
	before, err := look([]int{target})
	if err != nil {
		return sample{}, err
	}
	caller, err := l.sipp(ctx, "caller", folder, from, to,
		"-m", strconv.Itoa(l.setups()), "-r", strconv.Itoa(setupRate), "-rp", "1000",
		"-trace_stat", "-stf", filepath.Join(folder, "caller.csv"), "-fd", "1")
	if err != nil {
		return sample{}, err
	}
	select {
	case <-caller.gone:
	case <-ctx.Done():
		return sample{}, ctx.Err()
	}
	if err := wait(ctx, setupOver); err != nil {
		return sample{}, err
	}
	after, err := look([]int{target})
	if err != nil {
		return sample{}, err
	}
	text, err := os.ReadFile(filepath.Join(folder, "caller.csv")) //nolint:gosec // our own folder
	if err != nil {
		return sample{}, errors.Join(err, caller.failed())
	}
	good, failed, err := readStatistics(text)
	if err != nil {
		return sample{}, err
	}
	if done := good + failed; done != l.setups() || failed > done/100 {
		return sample{}, fmt.Errorf("%d of %d calls failed, %d were made", failed, l.setups(), done)
	}
	spent := (after.target - before.target).Seconds()
	return sample{noise: after.since(before).noise, values: map[string]float64{
		"cpu": spent * 1000 / float64(good), "failed": float64(failed),
	}}, nil
}

// sipp starts one scenario.
func (l *lab) sipp(ctx context.Context, scenario, folder string, at netip.AddrPort, to string, more ...string) (*process, error) {
	args := append([]string{
		to, "-sf", filepath.Join(folder, scenario+".xml"), "-i", at.Addr().String(), "-p", strconv.Itoa(int(at.Port())), "-nostdin",
	}, more...)
	return l.start("sipp "+scenario, exec.CommandContext(ctx, "sipp", args...)) //nolint:gosec // a fixed program
}

// readStatistics finds the counts of calls in SIPp's statistics: the last line
// has the sums of the whole run.
func readStatistics(text []byte) (good, failed int, err error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = ';', -1
	lines, err := r.ReadAll()
	if err != nil {
		return 0, 0, fmt.Errorf("sipp: statistics: %w", err)
	}
	if len(lines) < 2 {
		return 0, 0, errors.New("sipp: statistics: no line")
	}
	last := lines[len(lines)-1]
	count := func(column string) int {
		for i, name := range lines[0] {
			if name == column && i < len(last) {
				n, wrong := strconv.Atoi(last[i])
				err = errors.Join(err, wrong)
				return n
			}
		}
		err = errors.Join(err, fmt.Errorf("sipp: statistics: no column %s", column))
		return 0
	}
	good = count("SuccessfulCall(C)")
	failed = count("FailedCall(C)")
	return good, failed, err
}
