package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"hotline/media"
)

// browser is an agent's browser, made of pion: it offers PCMA with ICE and
// DTLS-SRTP, AES-128-GCM and nothing else, so that both relays do the same work.
type browser struct {
	pc    *webrtc.PeerConnection
	track *webrtc.TrackLocalStaticRTP
	up    chan struct{} // closed when connected
	heard func(payload []byte, at int64)
	once  sync.Once
}

// browserKit makes browsers.
func browserKit() (*webrtc.API, error) {
	codecs := &webrtc.MediaEngine{}
	pcma := webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: media.SampleRate},
		PayloadType:        media.PayloadPCMA,
	}
	if err := codecs.RegisterCodec(pcma, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetHandleUndeclaredSSRCWithoutAnswer(true) // rtpengine's answer names no SSRC
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	return webrtc.NewAPI(
		webrtc.WithMediaEngine(codecs), webrtc.WithSettingEngine(s),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
	), nil
}

func newBrowser(kit *webrtc.API, heard func(payload []byte, at int64)) (*browser, error) {
	pc, err := kit.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	b := &browser{pc: pc, up: make(chan struct{}), heard: heard}
	b.track, err = webrtc.NewTrackLocalStaticRTP(
		webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: media.SampleRate}, "mic", "agent")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("browser: %w", err), pc.Close())
	}
	if _, err := pc.AddTrack(b.track); err != nil {
		return nil, errors.Join(fmt.Errorf("browser: %w", err), pc.Close())
	}
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { b.listen(t) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			b.once.Do(func() { close(b.up) })
		}
	})
	return b, nil
}

func (b *browser) listen(t *webrtc.TrackRemote) {
	buffer := make([]byte, media.MaxDatagram)
	for {
		n, _, err := t.Read(buffer)
		if err != nil {
			return
		}
		if _, payload, err := media.ParseRTP(buffer[:n]); err == nil {
			b.heard(payload, time.Now().UnixNano())
		}
	}
}

// offer has all candidates.
func (b *browser) offer(ctx context.Context) (string, error) {
	offer, err := b.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("browser: offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(b.pc)
	if err := b.pc.SetLocalDescription(offer); err != nil {
		return "", fmt.Errorf("browser: offer: %w", err)
	}
	select {
	case <-gathered:
		return b.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("browser: offer: %w", ctx.Err())
	}
}

func (b *browser) answered(sdp string) error {
	err := b.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp})
	if err != nil {
		return fmt.Errorf("browser: answer: %w", err)
	}
	return nil
}

// connected waits for DTLS and checks which cipher came of it.
func (b *browser) connected(ctx context.Context) error {
	select {
	case <-b.up:
	case <-ctx.Done():
		return fmt.Errorf("browser: connect: %v: %w", b.pc.ConnectionState(), ctx.Err())
	}
	for _, r := range b.pc.GetStats() {
		if s, ok := r.(webrtc.TransportStats); ok && s.SRTPCipher == "SRTP_AEAD_AES_128_GCM" {
			return nil
		}
	}
	return errors.New("browser: connected without AES-128-GCM")
}

func (b *browser) send(packet []byte) error {
	_, err := b.track.Write(packet)
	return err
}

func (b *browser) close() error { return b.pc.GracefulClose() }
