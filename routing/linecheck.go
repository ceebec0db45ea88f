package routing

import (
	"fmt"

	"hotline/contact"
)

func (m *compiler) readLines() {
	if len(m.Lines) == 0 {
		m.fail("lines", "must hold at least one line")
	}
	names, numbers := map[string]bool{}, map[string]string{}
	for i, l := range m.Lines {
		path := fmt.Sprintf("lines[%d]", i)
		if names[l.Name] {
			m.fail(path+".name", "%q is taken by another line", l.Name)
		}
		names[l.Name] = true
		if err := l.check(path); err != nil {
			m.errs = append(m.errs, err)
		}
		if err := l.checkNumbers(path, numbers); err != nil {
			m.errs = append(m.errs, err)
		}
		m.readAccounts(path, i)
		m.readQueueOf(path, l)
	}
}

// readQueueOf finds the line's queue, or makes one of its own for its skill.
func (m *compiler) readQueueOf(path string, l Line) {
	if l.Priority != "" {
		if _, ok := m.book.priorities[l.Priority]; !ok {
			m.fail(path+".priority", "%q is not in routing.priorities", l.Priority)
		}
	}
	switch {
	case l.Queue != "" && l.Skill != "":
		m.fail(path+".skill", "the line has a queue: either or")
	case l.Queue != "":
		m.queue(path+".queue", l.Queue)
	case l.Skill == "" && len(m.Policy.Queues) > 0:
		m.fail(path+".queue", "must name a queue")
	case !isName(string(l.Skill)):
		m.fail(path+".skill", "%q is no name: 1 to 32 of a-z 0-9 _ -", l.Skill)
	case !m.skills[string(l.Skill)]:
		m.fail(path+".skill", "%q is not in routing.skills", l.Skill)
	case m.Policy.Queues[l.Name].Need != nil:
		m.fail(path+".skill", "routing.queues has a queue called %s already: name it by queue", l.Name)
	default:
		m.book.queues[l.Name] = m.own(l)
	}
}

// own is the queue that a line's skill is short for.
func (m *compiler) own(l Line) *ready {
	n := need{{string(l.Skill): 1}}
	q := &ready{name: l.Name, need: n, everybody: n.buckets(), groups: map[Bucket]held{}}
	q.stages = []stage{{add: q.put(n, nil)}}
	q.callback(m.Policy.Callbacks.After)
	return q
}

// readAccounts checks that each entry can be reached.
func (m *compiler) readAccounts(path string, line int) {
	for i, a := range m.Lines[line].Accounts {
		at := fmt.Sprintf("%s.accounts[%d]", path, i)
		switch a.Channel {
		case contact.Web, contact.App, contact.WeChat, contact.Weibo:
		default:
			m.fail(at+".channel", "%q is not web, app, wechat or weibo", a.Channel)
		}
		m.queue(at+".queue", a.Queue)
		if before := m.shadow(line, i); before != "" {
			m.fail(at, "is never reached: %s takes all of it", before)
		}
	}
}

// shadow names the entry before that takes all that this one would.
func (m *compiler) shadow(line, entry int) string {
	this := m.Lines[line].Accounts[entry]
	for i, l := range m.Lines[:line+1] {
		for j, a := range l.Accounts {
			if i == line && j == entry {
				return ""
			}
			if a.takes(this.Channel, this.Account, this.Topic) {
				return fmt.Sprintf("lines[%d].accounts[%d]", i, j)
			}
		}
	}
	return ""
}
