package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/contact"
	"hotline/records"
	"hotline/routing"
)

// How often the records are asked, at most.
const (
	figuresEvery = 5 * time.Second
	waitingEvery = 2 * time.Second
	figuresSpan  = 24 * time.Hour
)

// figureData is how the contacts of a period fared. The shares are null when
// nobody counts.
type figureData struct {
	Offered      int      `json:"offered"`
	Served       int      `json:"served"`
	InTime       int      `json:"in_time"`
	Lost         int      `json:"lost"`
	Short        int      `json:"short"`
	Callback     int      `json:"callback"`
	Refused      int      `json:"refused"`
	Overdue      int      `json:"overdue"`
	ServiceLevel *float64 `json:"service_level"`
	ConnectRate  *float64 `json:"connect_rate"`
}

func figureOf(c records.Count) *figureData {
	f := &figureData{
		Offered: c.Served() + c.Lost + c.Overdue + c.Waiting, Served: c.Served(), InTime: c.InTime, Lost: c.Lost,
		Short: c.Short, Callback: c.Callback, Refused: c.Refused, Overdue: c.Overdue,
	}
	if share, ok := c.ServiceLevel(); ok {
		f.ServiceLevel = &share
	}
	if share, ok := c.ConnectRate(); ok {
		f.ConnectRate = &share
	}
	return f
}

// classData is all lines of one class together.
type classData struct {
	Class  contact.Class `json:"class"`
	GoalMS int64         `json:"goal_ms"`
	waitData
	Today  *figureData `json:"today"`
	Day    *figureData `json:"day"`
	Losses []lossData  `json:"losses"`
}

type lossData struct {
	Cause string `json:"cause"`
	N     int    `json:"n"`
}

func classOf(class contact.Class, waits []routing.LineWait, f figuresView) classData {
	c := classData{Class: class, GoalMS: records.ReplyGoal.Milliseconds(), Losses: []lossData{}}
	if class == contact.Voice {
		c.GoalMS = records.AnswerGoal.Milliseconds()
	}
	for _, w := range waits {
		if w.Class == class {
			c.Waiting += w.Waiting
			c.OldestMS = max(c.OldestMS, w.Oldest.Milliseconds())
		}
	}
	if !f.at.IsZero() {
		c.sum(f.tallies)
	}
	return c
}

func (c *classData) sum(tallies []records.Tally) {
	var today, day records.Count
	losses := map[contact.Cause]int{}
	for _, t := range tallies {
		if t.Class != c.Class {
			continue
		}
		today, day = today.Plus(t.Today), day.Plus(t.Day)
		for cause, n := range t.Losses {
			losses[cause] += n
		}
	}
	c.Today, c.Day = figureOf(today), figureOf(day)
	for cause, n := range losses {
		c.Losses = append(c.Losses, lossData{cause.String(), n})
	}
	slices.SortFunc(c.Losses, func(a, b lossData) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Cause, b.Cause)
	})
}

// figuresView is what the records said at one moment; at is zero before the first.
type figuresView struct {
	at      time.Time
	tallies []records.Tally
	waiting []records.Record
}

// figures asks the records seldom, whoever asks.
type figures struct {
	source records.Figures
	now    func() time.Time

	asking sync.Mutex // held while the records are asked
	listed time.Time  // under asking

	mu   sync.Mutex
	last figuresView
}

func (f *figures) newest() figuresView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// load brings up to date what is due. It blocks for the database.
func (f *figures) load(ctx context.Context) error {
	if f.source == nil {
		return nil
	}
	f.asking.Lock()
	defer f.asking.Unlock()
	now, view := f.now(), f.newest()
	if due(now, f.listed, waitingEvery) {
		list, err := f.source.Waiting(ctx, now.Add(-figuresSpan), boardWaiting)
		if err != nil {
			return fmt.Errorf("desk: who waits: %w", err)
		}
		view.waiting, f.listed = list, now
	}
	if due(now, view.at, figuresEvery) {
		tallies, err := f.source.Tallies(ctx, now, midnight(now))
		if err != nil {
			return fmt.Errorf("desk: figures: %w", err)
		}
		view.tallies, view.at = tallies, now
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = view
	return nil
}

func due(now, last time.Time, every time.Duration) bool {
	age := now.Sub(last)
	return age < 0 || age >= every
}

// midnight is when the city's day began.
func midnight(now time.Time) time.Time {
	local := now.In(time.FixedZone("Asia/Shanghai", 8*60*60)) // without summer time since 1991
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
}
