package headless

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"hotline/media"
	"hotline/media/tone"
)

// line is the agent's audio: one peer connection with PCMA. It sends only
// between speak and hush, as a browser does between calls.
type line struct {
	pc      *webrtc.PeerConnection
	track   *webrtc.TrackLocalStaticRTP
	ear     *tone.Ear
	meter   media.Meter  // of what is heard
	first   atomic.Int64 // when the first packet after begin was heard, Unix ns; 0: none yet
	gen     uint64
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	speech  []int16 // nil: nothing is sent
	at      int
	resumed bool // the next packet begins a spurt
}

// newLine makes a connection that keeps the newest `keep` of what it hears.
func newLine(gen uint64, keep time.Duration) (*line, error) {
	api, err := newAPI()
	if err != nil {
		return nil, fmt.Errorf("headless: audio: %w", err)
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, fmt.Errorf("headless: audio: %w", err)
	}
	track, err := webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: media.SampleRate}, "audio", "agent")
	if err != nil {
		return nil, errors.Join(err, pc.Close())
	}
	sender, err := pc.AddTrack(track)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("headless: audio: %w", err), pc.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &line{pc: pc, track: track, gen: gen, stop: stop, ear: tone.NewEar(int(keep.Seconds() * media.SampleRate))}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { l.running.Go(func() { l.listen(t) }) })
	l.running.Go(func() { l.send(ctx) })
	l.running.Go(func() { readReports(sender) })
	return l, nil
}

// newAPI knows G.711 and telephone-events, and no interceptors.
func newAPI() (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}, PayloadType: media.PayloadPCMA},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, PayloadType: media.PayloadPCMU},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "audio/telephone-event", ClockRate: 8000, SDPFmtpLine: "0-15"}, PayloadType: 101},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	s := webrtc.SettingEngine{}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true) // the node may be on this machine
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s)), nil
}

// offer gathers every candidate first: the protocol knows no trickle.
func (l *line) offer(ctx context.Context) (string, error) {
	offer, err := l.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("headless: offer audio: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(l.pc)
	if err := l.pc.SetLocalDescription(offer); err != nil {
		return "", fmt.Errorf("headless: offer audio: %w", err)
	}
	select {
	case <-gathered:
		return l.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("headless: offer audio: %w", ctx.Err())
	}
}

func (l *line) answered(sdp string) error {
	err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
	if err != nil {
		return fmt.Errorf("headless: take the node's answer: %w", err)
	}
	return nil
}

// speak sends samples again and again; silence is samples too.
func (l *line) speak(samples []int16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.speech, l.at, l.resumed = samples, 0, true
}

// hush sends nothing at all.
func (l *line) hush() { l.speak(nil) }

// send is the microphone: a frame each 20 ms.
func (l *line) send(ctx context.Context) {
	tick := time.NewTicker(media.FrameDuration)
	defer tick.Stop()
	p := rtp.Packet{Header: rtp.Header{Version: 2}}
	for {
		select {
		case <-tick.C:
			p.Timestamp += media.FrameSamples // time goes on while nothing is sent
			if p.Payload, p.Marker = l.frame(p.Payload[:0]); len(p.Payload) > 0 {
				p.SequenceNumber++
				_ = l.track.WriteRTP(&p) // a connection that is down drops it
			}
		case <-ctx.Done():
			return
		}
	}
}

// frame is the next 20 ms of speech; nothing when hushed.
func (l *line) frame(into []byte) (payload []byte, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.speech) == 0 {
		return into, false
	}
	for range media.FrameSamples {
		into = append(into, media.ALaw.Encode(l.speech[l.at]))
		l.at = (l.at + 1) % len(l.speech)
	}
	first, l.resumed = l.resumed, false
	return into, first
}

// listen is the ear.
func (l *line) listen(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		law, ok := lawOf(p.PayloadType)
		if !ok {
			continue
		}
		l.hear(&media.Packet{
			Kind: media.Audio, Law: law, Sequence: p.SequenceNumber, Timestamp: p.Timestamp, SSRC: p.SSRC, Payload: p.Payload,
		}, time.Now())
	}
}

func (l *line) hear(p *media.Packet, now time.Time) {
	l.first.CompareAndSwap(0, now.UnixNano())
	l.meter.Receive(p, now)
	l.ear.Write(p)
}

// begin forgets when the first packet was heard.
func (l *line) begin() { l.first.Store(0) }

func (l *line) firstHeard() (time.Time, bool) {
	at := l.first.Load()
	return time.Unix(0, at), at > 0
}

func (l *line) stats() (s media.Stats) {
	l.meter.Fill(&s)
	return s
}

func lawOf(payloadType uint8) (media.Law, bool) {
	switch payloadType {
	case media.PayloadPCMA:
		return media.ALaw, true
	case media.PayloadPCMU:
		return media.MuLaw, true
	default:
		return 0, false
	}
}

// readReports empties the sender's RTCP, which nobody else reads.
func readReports(s *webrtc.RTPSender) {
	for {
		if _, _, err := s.ReadRTCP(); err != nil {
			return
		}
	}
}

func (l *line) close() error {
	l.stop()
	err := l.pc.GracefulClose()
	l.running.Wait()
	return err
}

// level is the RMS of samples, of full scale.
func level(samples []int16) float64 { return math.Sqrt(tone.Power(samples) / 2) }

// pitchSamples is how much a pitch is read from: 0.2 s is exact to a hertz, and
// the work grows with the square.
const pitchSamples = 1600

// loudest is the strongest frequency of the newest samples, in Hz.
func loudest(samples []int16) float64 {
	hz, _ := tone.Peak(samples[max(0, len(samples)-pitchSamples):], media.SampleRate)
	return hz
}

// Sine is a tone of one second, for Options.Play.
func Sine(hz float64) []int16 {
	return tone.Sine(hz, 0.4, media.SampleRate, media.SampleRate)
}
