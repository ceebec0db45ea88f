package webrtc

import (
	"fmt"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	pion "github.com/pion/webrtc/v4"

	"hotline/media"
)

// ICE timeouts. The default "failed" at 30 s is shorter than a roam between
// two wireless networks.
const (
	iceDisconnected = 5 * time.Second
	iceFailed       = 60 * time.Second
	iceKeepAlive    = 2 * time.Second
)

// replayWindow is how far out of order SRTP packets may arrive.
const replayWindow = 128

// mimeDigits is how pion spells RFC 4733.
const mimeDigits = "audio/telephone-event"

// digitPayload is our payload type for telephone-events, Chromium's too; the
// browser's own number wins in the answer.
const digitPayload = 126

// newEngine sets pion up: G.711 and telephone-events only, no interceptors,
// the shared sockets, ICE-lite, DTLS server (so that AES-GCM is chosen).
func newEngine(c Config, s *sockets, loggers logging.LoggerFactory) (*pion.API, error) {
	codecs := &pion.MediaEngine{}
	for _, codec := range codecParameters() {
		if err := codecs.RegisterCodec(codec, pion.RTPCodecTypeAudio); err != nil {
			return nil, fmt.Errorf("register %s: %w", codec.MimeType, err)
		}
	}
	settings, err := newSettings(c, s, loggers)
	if err != nil {
		return nil, err
	}
	return pion.NewAPI(
		pion.WithMediaEngine(codecs),
		pion.WithInterceptorRegistry(&interceptor.Registry{}),
		pion.WithSettingEngine(settings),
	), nil
}

func codecParameters() []pion.RTPCodecParameters {
	codec := func(mime string, payloadType pion.PayloadType, fmtp string) pion.RTPCodecParameters {
		return pion.RTPCodecParameters{
			RTPCodecCapability: pion.RTPCodecCapability{MimeType: mime, ClockRate: media.SampleRate, SDPFmtpLine: fmtp},
			PayloadType:        payloadType,
		}
	}
	return []pion.RTPCodecParameters{
		codec(pion.MimeTypePCMA, media.PayloadPCMA, ""),
		codec(pion.MimeTypePCMU, media.PayloadPCMU, ""),
		codec(mimeDigits, digitPayload, ""),
	}
}

func newSettings(c Config, s *sockets, loggers logging.LoggerFactory) (pion.SettingEngine, error) {
	var e pion.SettingEngine
	e.LoggerFactory = loggers
	e.SetLite(true)
	e.SetICEUDPMux(s.udp)
	networks := []pion.NetworkType{pion.NetworkTypeUDP4}
	if strings.HasPrefix(c.Listen, "[") {
		networks = append(networks, pion.NetworkTypeUDP6)
	}
	if s.tcp != nil {
		e.SetICETCPMux(s.tcp)
		networks = append(networks, pion.NetworkTypeTCP4)
	}
	e.SetNetworkTypes(networks)
	e.DisableActiveTCP(true)
	e.SetIncludeLoopbackCandidate(s.loopback)
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetICETimeouts(iceDisconnected, iceFailed, iceKeepAlive)
	e.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	e.SetSRTPReplayProtectionWindow(replayWindow)
	if err := e.SetAnsweringDTLSRole(pion.DTLSRoleServer); err != nil {
		return e, err
	}
	return e, advertise(&e, c.Advertise)
}

func advertise(e *pion.SettingEngine, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	return e.SetICEAddressRewriteRules(pion.ICEAddressRewriteRule{
		External:        addresses,
		AsCandidateType: pion.ICECandidateTypeHost,
		Mode:            pion.ICEAddressRewriteAppend,
	})
}
