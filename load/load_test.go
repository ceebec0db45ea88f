package load

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/desk/headless"
	"hotline/gateway/phone"
	"hotline/media"
)

func good() Options {
	return Options{
		URL: "http://127.0.0.1:8080", SIP: "sip:12345@127.0.0.1:5060", Accounts: []Account{{"1001", "x"}}, Agents: 1,
		Rate: 10, For: 100 * time.Second, Talk: 20 * time.Second, Patience: time.Minute, Abandon: 0.3, Seed: 7,
	}
}

func TestOptionsNameTheFieldAtFault(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*Options)
		want   string
	}{
		"right":           {func(*Options) {}, ""},
		"no scheme":       {func(o *Options) { o.URL = "localhost" }, "url:"},
		"no URI":          {func(o *Options) { o.SIP = "12345" }, "sip:"},
		"no rate":         {func(o *Options) { o.Rate = 0 }, "rate:"},
		"too many agents": {func(o *Options) { o.Agents = 2 }, "accounts: has 1, want 2"},
		"fewer than none": {func(o *Options) { o.Agents = -1 }, "agents:"},
		"no time":         {func(o *Options) { o.For = 0 }, "for:"},
		"no patience":     {func(o *Options) { o.Patience = 0 }, "patience:"},
		"negative talk":   {func(o *Options) { o.Talk = -1 }, "talk:"},
		"a share of two":  {func(o *Options) { o.Abandon = 2 }, "abandon:"},
		"no address":      {func(o *Options) { o.Admin = "here" }, "admin:"},
		"no process":      {func(o *Options) { o.PID = -1 }, "pid:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := good()
			tt.change(&o)
			err := o.Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAccountsAreReadByLine(t *testing.T) {
	t.Parallel()
	got, err := ReadAccounts("# who answers\n3001,secret,with comma\n\n 3002 , b \n")
	want := []Account{{"3001", "secret,with comma"}, {"3002", "b"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := ReadAccounts("3001,x\n3002 geheim"); err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error %v, want line 2 and no password", err)
	}
}

func TestPlanIsPoissonAndRepeats(t *testing.T) {
	t.Parallel()
	o := good()
	one := plan(o)
	if !slices.Equal(one, plan(o)) {
		t.Error("the same seed drew other citizens")
	}
	if n := len(one); n < 900 || n > 1100 { // 1000 ± 3 standard deviations
		t.Errorf("%d arrivals, want about 1000", n)
	}
	leave := map[leaving]int{}
	numbers := map[string]bool{}
	var talk time.Duration
	for i, v := range one {
		leave[v.leaves]++
		numbers[masked(v.number)] = true
		talk += v.talk
		if i > 0 && v.at < one[i-1].at {
			t.Fatalf("citizen %d arrives before the one before", i)
		}
		if v.leaves == inGreeting && v.after > hasty {
			t.Errorf("citizen %d stays %s in the greeting", i, v.after)
		}
	}
	if early := len(one) - leave[stays]; early < 230 || early > 370 {
		t.Errorf("%d leave early, want about 300", early)
	}
	if len(numbers) != len(one) {
		t.Errorf("%d numbers for %d citizens", len(numbers), len(one))
	}
	if mean := talk / time.Duration(len(one)); mean < 17*time.Second || mean > 23*time.Second {
		t.Errorf("talks last %s on average", mean)
	}
	o.Seed, o.Fixed, o.Calls = 8, true, 5
	if other := plan(o); len(other) != 5 || other[0].at == one[0].at || other[4].talk != o.Talk {
		t.Errorf("another seed, five fixed talks: %+v", other)
	}
}

func TestTimesAreNearestRanks(t *testing.T) {
	t.Parallel()
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i)*time.Millisecond)
	}
	if got, want := timesOf(all), (Times{N: 200, P50: 100, P95: 190, P99: 198, Max: 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := timesOf(nil); got != (Times{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

const exposition = `# HELP hotline_session_contacts_total Contacts ended, by cause.
hotline_session_contacts_total{cause="citizen_ended"} 12
hotline_session_contacts_total{cause="internal"} 0
hotline_session_accept_seconds_bucket{le="0.005"} 90
hotline_session_accept_seconds_bucket{le="0.01"} 99
hotline_session_accept_seconds_bucket{le="+Inf"} 100
hotline_gateway_joined_to_audio_seconds_bucket{to="agent",le="0.02"} 7
hotline_gateway_joined_to_audio_seconds_bucket{to="agent",le="+Inf"} 7
hotline_gateway_joined_to_audio_seconds_bucket{to="citizen",le="0.02"} 0
hotline_gateway_joined_to_audio_seconds_bucket{to="citizen",le="+Inf"} 0
go_goroutines 321
not a sample
`

func TestMetricsOfANode(t *testing.T) {
	t.Parallel()
	m, err := parseMetrics(strings.NewReader(exposition))
	if err != nil {
		t.Fatal(err)
	}
	n := Node{}
	n.read(m)
	if n.Contacts["citizen_ended"] != 12 || len(n.Contacts) != 1 {
		t.Errorf("contacts %v", n.Contacts)
	}
	if n.JoinP99 != 10 || n.AgentP99 != 20 || n.CitizenP99 != 0 {
		t.Errorf("join %v, agent %v, citizen %v", n.JoinP99, n.AgentP99, n.CitizenP99)
	}
	if g := m.since(metrics{"go_goroutines": 300}); g["go_goroutines"] != 21 {
		t.Errorf("grown by %v", g["go_goroutines"])
	}
}

func TestFootprintOfThisProcess(t *testing.T) {
	t.Parallel()
	f, err := footprintOf(os.Getpid())
	if err != nil || f.rss < 1<<20 {
		t.Errorf("rss %d, %v", f.rss, err)
	}
	if _, err := footprintOf(1 << 30); err == nil {
		t.Error("a process that cannot be has a footprint")
	}
}

func TestListenerHearsAgentsOnly(t *testing.T) {
	t.Parallel()
	l := newListener(signature())
	l.Write(&media.Packet{Payload: make([]byte, media.FrameSamples)})
	if !l.at().IsZero() {
		t.Fatal("took silence for an agent")
	}
	l.Write(&media.Packet{Payload: signature()})
	l.Write(&media.Packet{Payload: signature()})
	if l.at().IsZero() {
		t.Error("did not hear the agent")
	}
	select {
	case <-l.now:
	default:
		t.Error("told nobody")
	}
}

func TestLedger(t *testing.T) {
	t.Parallel()
	now := time.Now()
	served1, gone, turnedAway := &citizen{visit: visit{number: numberOf(0)}, fate: served},
		&citizen{visit: visit{number: numberOf(1)}, fate: gaveUp},
		&citizen{visit: visit{number: numberOf(2)}, fate: refused}
	full := func() map[string]entry {
		return map[string]entry{
			"1": {Contact: "1", Caller: masked(numberOf(0)), Connected: now, Ended: now, Cause: "citizen_ended"},
			"2": {Contact: "2", Caller: masked(numberOf(1)), Ended: now, Cause: "abandoned_queue"},
			"3": {Contact: "3", Caller: masked(numberOf(2)), Ended: now, Cause: "refused_full"},
		}
	}
	tests := map[string]struct {
		change func(map[string]entry)
		want   Ledger
	}{
		"balanced":       {func(map[string]entry) {}, Ledger{Records: 3, Balanced: true}},
		"one is missing": {func(m map[string]entry) { delete(m, "3") }, Ledger{Records: 2, Missing: 1}},
		"one is open":    {func(m map[string]entry) { m["2"] = entry{Caller: m["2"].Caller} }, Ledger{Records: 3, Open: 1}},
		"two of one":     {func(m map[string]entry) { m["4"] = m["2"] }, Ledger{Records: 4, Unexpected: 1}},
		"of nobody":      {func(m map[string]entry) { m["4"] = entry{Caller: "+86139****9999", Ended: now} }, Ledger{Records: 4, Unexpected: 1}},
		"not connected":  {func(m map[string]entry) { m["1"] = entry{Caller: m["1"].Caller, Ended: now} }, Ledger{Records: 3, Differ: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &books{all: full()}
			tt.change(b.all)
			tt.want.Offered = 3
			if got := b.balance([]*citizen{served1, gone, turnedAway}); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
	b := &books{all: full()}
	if c := b.causes(); c["citizen_ended"] != 1 || len(c) != 3 {
		t.Errorf("causes %v", c)
	}
}

func TestTalksAreMatchedByTheMaskedNumber(t *testing.T) {
	t.Parallel()
	now := time.Now()
	c := newCitizen(visit{number: numberOf(3)}, signature())
	c.fate, c.report = served, phone.Report{Placed: now, Answered: now.Add(2 * time.Millisecond)}
	c.ear.heard.Store(now.Add(50 * time.Millisecond).UnixNano())
	var r Report
	r.tally([]*citizen{c})
	r.match([]*citizen{c}, []headless.Report{
		{Caller: masked(numberOf(3)), Accepted: now.Add(20 * time.Millisecond), HeardAfter: 7 * time.Millisecond, Packets: 10, Lost: 1},
		{Caller: masked(numberOf(4)), Accepted: now},
		{Caller: masked(numberOf(3))}, // rang, was not accepted
	})
	if r.Served != 1 || r.SetupMS.P50 != 2 || r.WaitMS.P50 != 48 {
		t.Errorf("served %d, setup %v, wait %v", r.Served, r.SetupMS, r.WaitMS)
	}
	if r.CitizenHearsMS.N != 1 || r.CitizenHearsMS.P50 != 30 || r.AgentHearsMS.P50 != 7 || r.AgentsAudio.Lost != 1 {
		t.Errorf("citizen %v, agent %v, audio %v", r.CitizenHearsMS, r.AgentHearsMS, r.AgentsAudio)
	}
}

func TestEachDeskOnThisMachineHasItsOwnAddress(t *testing.T) {
	t.Parallel()
	for node, want := range map[string]string{
		"http://127.0.0.1:8080": "127.1.1.44", "http://localhost:8080": "invalid IP", "https://192.0.2.1": "invalid IP", "://": "invalid IP",
	} {
		if got := desk(node, 300); got.String() != want {
			t.Errorf("%s: %s, want %s", node, got, want)
		}
	}
}
