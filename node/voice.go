package node

import (
	"context"
	"errors"
	"runtime"

	agentui "hotline/agent-ui"
	"hotline/desk"
	"hotline/gateway"
	"hotline/gateway/sip"
	"hotline/gateway/webrtc"
	"hotline/media/engine"
	"hotline/media/prompt"
	"hotline/media/rtp"
	"hotline/routing/redisstore"
	"hotline/session"
)

// openAudio opens what every call needs: prompts, the wheel, both sides' sockets.
func (n *Node) openAudio(context.Context) (err error) {
	if n.prompts, err = prompt.Embedded(); err != nil {
		return err
	}
	n.wheel = prompt.NewWheel(n.log)
	n.down.add("wheel", func(context.Context) error { n.wheel.Close(); return nil })
	if err := n.openEngine(); err != nil {
		return err
	}
	n.ports, err = rtp.NewPorts(rtp.Options{Config: n.cfg.RTP, Engine: n.engine, Log: n.log, Registerer: n.metrics})
	if err != nil {
		return err
	}
	n.down.add("trunk audio", func(context.Context) error { n.ports.Close(); return nil })
	n.seats, err = webrtc.New(webrtc.Options{
		Config: n.cfg.WebRTC, Log: n.log, Registerer: n.metrics, Wheel: n.wheel,
	})
	if err != nil {
		return err
	}
	n.down.add("desk audio", n.seats.Close)
	n.mint, n.heard = gateway.NewMint(n.now), gateway.NewMetrics(n.metrics)
	return nil
}

// openEngine starts the event loops. Each keeps a processor of the scheduler's
// while it waits: they are lent as many more, for as long as they run.
func (n *Node) openEngine() (err error) {
	n.engine, err = engine.New(engine.Options{Config: n.cfg.Engine, Hold: true, Log: n.log, Registerer: n.metrics})
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n.engine.Loops())
	n.down.add("engine", func(ctx context.Context) error {
		err := n.engine.Close(ctx)
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - n.engine.Loops())
		return err
	})
	return nil
}

// openQueue registers the node and keeps its lease.
func (n *Node) openQueue(ctx context.Context) (err error) {
	if err := n.openPolicy(); err != nil {
		return err
	}
	n.queue, err = redisstore.New(redisstore.Config{
		Client: n.redis, Hall: n.cfg.Redis.Hall, Log: n.log, Registerer: n.metrics,
		Confirm: n.cfg.Redis.Confirm,
	})
	if err != nil {
		return err
	}
	return n.queue.Beat(ctx, n.name)
}

func (n *Node) openDesk(context.Context) (err error) {
	n.desk, err = desk.New(desk.Options{
		Config: n.cfg.Desk, Node: n.name, Log: n.log, Registerer: n.metrics, Now: n.now,
		Queue: n.queue, Phones: n.board, Far: n.board, Tickets: n.tickets, Records: n.records,
		Threads: threads{n}, Recordings: n.recordings(), People: n.staff, Audit: n.audit, Lines: n.lines, RefKey: n.refKey, Figures: n.records,
		Callbacks: n.callbacks, UI: agentui.Handler(n.ui),
	})
	if err != nil {
		return err
	}
	n.down.add("desk", n.desk.Close)
	return nil
}

// openHall sets the sessions going, and the heartbeat that feeds them.
func (n *Node) openHall(context.Context) error {
	n.hall = session.NewHall(session.Options{
		Node: n.name, Queue: n.queue, Seats: n.exchange, Lines: n.lines, Records: n.records,
		RefKey: n.refKey, Log: n.log, Registerer: n.metrics, Now: n.now,
		Callbacks: n.callbacks, Waiting: n.cfg.Waiting, Conversations: n.conversations(), Text: n.cfg.Text,
		Full:    func() bool { return n.health.now() == Full },
		Primary: func(ctx context.Context) bool { return n.sentinels.Agree(ctx, n.redis) },
	})
	n.join()
	n.running.Go(func() { n.rounds(n.life) })
	n.turns = newTurns(n.lines.SeatsChange, n.now, n.retell)
	n.running.Go(func() { n.turns.run(n.life) })
	return n.beatAndServe()
}

// openTrunk lets citizens in; it is the last but HTTP, and the first to go.
func (n *Node) openTrunk(ctx context.Context) (err error) {
	n.trunk, err = sip.New(sip.Options{
		Config: n.cfg.SIP, Ports: n.ports, Log: n.log, Registerer: n.metrics,
		OnCall: n.arrived, Health: func() bool { return n.health.now() == OK },
	})
	if err != nil {
		return err
	}
	if err := n.trunk.Start(ctx); err != nil {
		return errors.Join(err, n.trunk.Close(ctx))
	}
	n.down.add("trunk", n.trunk.Close)
	n.down.add("calls", n.endCalls)
	at := n.trunk.Addrs()
	n.addresses.SIP, n.addresses.SIPTCP = at.UDP, at.TCP
	return nil
}

// arrived is where a call enters the house.
func (n *Node) arrived(leg gateway.Inbound) {
	n.hall.Receive(n.life, gateway.NewCall(gateway.CallOptions{
		Leg: leg, Seats: n.seats, Wheel: n.wheel, Prompts: n.prompts, Recorder: n.tape(),
		Metrics: n.heard, ID: n.mint.ID(), Log: n.log,
	}))
}
