package rtp

import "github.com/prometheus/client_golang/prometheus"

// Registerer is where the metrics go; nil keeps them unseen.
type Registerer = prometheus.Registerer

type metrics struct {
	open      prometheus.Gauge
	resting   prometheus.Gauge
	exhausted prometheus.Counter
	silent    prometheus.Counter
	gaps      prometheus.Counter
	foreign   prometheus.Counter
	flooded   prometheus.Counter
	overrun   prometheus.Counter
	unsent    prometheus.Counter
	reports   prometheus.Counter
	byes      prometheus.Counter
	malformed prometheus.Counter
}

func newMetrics(reg Registerer) (*metrics, error) {
	m := &metrics{
		open:      gauge("hotline_rtp_sessions", "Calls' audio sockets in use."),
		resting:   gauge("hotline_rtp_ports_resting", "Ports in quarantine after a call."),
		exhausted: counter("hotline_rtp_ports_exhausted_total", "Calls for which no port was free."),
		silent:    counter("hotline_rtp_silent_total", "Calls that sent no audio for too long."),
		gaps:      counter("hotline_rtp_outgoing_gaps_total", "Times that nothing was sent to a citizen for a second in a call that was not held."),
		foreign:   counter("hotline_rtp_packets_ignored_total", "Packets that were no RTP or had an unknown payload type."),
		flooded:   counter("hotline_rtp_packets_flooded_total", "Packets beyond any pace of audio, dropped."),
		overrun:   counter("hotline_rtp_packets_overrun_total", "Packets that found the socket's queue full."),
		unsent:    counter("hotline_rtp_packets_unsent_total", "Packets to a peer that the kernel did not take."),
		reports:   counter("hotline_rtcp_reports_total", "Reports (RTCP) received from peers."),
		byes:      counter("hotline_rtcp_byes_total", "RTCP BYEs received; they end nothing."),
		malformed: counter("hotline_rtcp_malformed_total", "Datagrams on a port for reports that were none, or too many."),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.open, m.resting, m.exhausted, m.silent, m.gaps, m.foreign, m.flooded, m.overrun, m.unsent, m.reports, m.byes, m.malformed,
	} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}
