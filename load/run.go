package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hotline/gateway/phone"
)

// run is one load as it goes.
type run struct {
	o        Options
	phone    *phone.Phone
	staff    *staff
	books    *books // nil: nobody reads the records
	citizens []*citizen
	by       map[string]*citizen // masked number; fixed before the first call
	watch    watch

	mu       sync.Mutex
	progress Progress
}

// Run signs the agents in, sends the citizens and returns the report once all
// calls have ended and their records were read. When ctx ends, no more citizens
// come, those in a call hang up, and the report tells of what was. An error
// means that there was no run.
func Run(ctx context.Context, o Options) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, fmt.Errorf("load: %w", err)
	}
	r := newRun(o)
	if err := r.open(ctx); err != nil {
		return Report{}, errors.Join(fmt.Errorf("load: %w", err), r.close(ctx))
	}
	report := Report{Began: time.Now().UTC(), Seed: o.Seed, Agents: o.Agents}
	r.watch.begin(ctx)
	reading, stop := context.WithCancel(ctx)
	var follower sync.WaitGroup
	if r.books != nil {
		follower.Go(func() { r.watch.fault(r.books.follow(reading, o.Rate)) })
	}
	offered := r.arrivals(ctx)
	stop()
	follower.Wait()
	report.Seconds = time.Since(report.Began).Seconds()
	report.Interrupted = ctx.Err() != nil
	r.conclude(ctx, &report, offered)
	return report, nil
}

func newRun(o Options) *run {
	r := &run{o: o, by: map[string]*citizen{}, watch: watch{o: o}}
	want := signature()
	for _, v := range plan(o) {
		c := newCitizen(v, want)
		r.citizens = append(r.citizens, c)
		r.by[masked(v.number)] = c
	}
	return r
}

// open gets everybody ready.
func (r *run) open(ctx context.Context) (err error) {
	if r.o.PID > 0 {
		if _, err := footprintOf(r.o.PID); err != nil {
			return err
		}
	}
	if r.phone, err = phone.New(ctx, r.o.SIP, r.o.Log); err != nil {
		return fmt.Errorf("sip: %w", err)
	}
	if r.o.Supervisor.Name != "" {
		if r.books, err = openBooks(ctx, r.o); err != nil {
			return err
		}
	}
	r.staff, err = hire(ctx, r.o, r.rings)
	return err
}

// rings passes a desk's ring on to the citizen it rings for.
func (r *run) rings(masked string) {
	if c := r.by[masked]; c != nil {
		c.rings()
	}
}

// arrivals lets the citizens call as planned and returns those who did, once
// all their calls have ended.
func (r *run) arrivals(ctx context.Context) []*citizen {
	began := time.Now()
	var calls sync.WaitGroup
	offered := 0
	for _, c := range r.citizens {
		if !until(ctx, began.Add(c.at)) {
			break
		}
		offered++
		r.tell(func(p *Progress) { p.Offered++; p.Open++ })
		calls.Go(func() {
			c.call(ctx, r.phone, r.o.SIP)
			r.tell(func(p *Progress) {
				p.Open--
				p.Ended++
				if c.fate == served {
					p.Served++
				}
			})
		})
	}
	until(ctx, began.Add(r.o.For))
	r.watch.peak()
	calls.Wait()
	return r.citizens[:offered]
}

// until waits for a moment; false when ctx has ended.
func until(ctx context.Context, at time.Time) bool {
	wait := time.NewTimer(time.Until(at))
	defer wait.Stop()
	select {
	case <-wait.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (r *run) tell(change func(*Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.progress)
	if r.o.Told != nil {
		r.o.Told(r.progress)
	}
}

// conclude reads the last records, lets the agents go and writes the report.
func (r *run) conclude(ctx context.Context, report *Report, offered []*citizen) {
	late := context.WithoutCancel(ctx)
	if r.books != nil {
		report.fault(r.books.settle(late, len(offered)))
	}
	report.Node = r.watch.end(late)
	report.fault(r.watch.err)
	report.fault(r.close(late))
	report.tally(offered)
	report.match(offered, r.staff.talks)
	if r.books != nil {
		report.Records = r.books.causes()
		report.Ledger = r.books.balance(offered)
	}
}

// close lets everybody go. What was not opened is left out.
func (r *run) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	if r.staff != nil {
		errs = append(errs, r.staff.dismiss(ctx))
	}
	if r.books != nil {
		r.books.close(ctx)
	}
	if r.phone != nil {
		errs = append(errs, r.phone.Close(ctx))
	}
	return errors.Join(errs...)
}
