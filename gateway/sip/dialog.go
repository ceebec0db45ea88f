package sip

import (
	"crypto/rand"
	"net/netip"
	"slices"

	"github.com/emiago/sipgo/sip"
)

// dialog is what two ends share (RFC 3261 §12): names, numbers, the way. It
// is a plain value that could be written down.
type dialog struct {
	callID              string
	localTag, remoteTag string
	local, remote       sip.Uri // of From and To
	display             string  // ours
	target              sip.Uri // their Contact, as they wrote it
	routes              []sip.Uri
	localSeq, remoteSeq uint32
	transport           string // "UDP", "TCP"
	source              string // IP:port their first message came from
}

func newTag() string { return rand.Text() }

// uasDialog reads the dialog that an INVITE begins.
func uasDialog(req *sip.Request, localTag string) dialog {
	d := dialog{
		callID: req.CallID().Value(), localTag: localTag,
		local: *req.To().Address.Clone(), remote: *req.From().Address.Clone(),
		remoteSeq: req.CSeq().SeqNo, localSeq: 1,
		transport: req.Transport(), source: req.Source(),
	}
	d.remoteTag, _ = req.From().Params.Get("tag")
	d.refresh(req.Contact())
	if d.target.Host == "" {
		d.target = *req.From().Address.Clone()
	}
	for _, h := range req.GetHeaders("record-route") {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	return d
}

// answered completes the caller's dialog from a 2xx: the route set is theirs
// reversed (RFC 3261 §12.1.2).
func (d dialog) answered(res *sip.Response) dialog {
	d.remoteTag, _ = res.To().Params.Get("tag")
	d.refresh(res.Contact())
	d.routes = nil
	all := res.GetHeaders("record-route")
	for _, h := range slices.Backward(all) {
		if rr, ok := h.(*sip.RecordRouteHeader); ok {
			d.routes = append(d.routes, *rr.Address.Clone())
		}
	}
	return d
}

// refresh moves the target to a new Contact (RFC 3261 §12.2.2).
func (d *dialog) refresh(contact *sip.ContactHeader) {
	if contact != nil && contact.Address.Host != "" && !contact.Address.Wildcard {
		d.target = *contact.Address.Clone()
	}
}

// request builds a request within the dialog; ACK takes the INVITE's number.
func (d *dialog) request(method sip.RequestMethod, seq uint32, from endpoint) *sip.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !loose(&routes[0]) { // RFC 3261 §12.2.1.1, strict router
		uri, routes = routes[0], append(append([]sip.Uri(nil), routes[1:]...), d.target)
	}
	req := sip.NewRequest(method, *uri.Clone())
	req.AppendHeader(from.via(d.transport))
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	req.AppendHeader(d.from())
	req.AppendHeader(d.to())
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	hops := sip.MaxForwardsHeader(70)
	req.AppendHeader(&hops)
	req.AppendHeader(from.contact(d.transport))
	req.AppendHeader(sip.NewHeader("User-Agent", agentName))
	from.route(req, d.transport)
	req.SetBody(nil)
	return req
}

func (d *dialog) from() *sip.FromHeader {
	return &sip.FromHeader{DisplayName: d.display, Address: *d.local.Clone(), Params: tagged(d.localTag)}
}

func (d *dialog) to() *sip.ToHeader {
	return &sip.ToHeader{Address: *d.remote.Clone(), Params: tagged(d.remoteTag)}
}

func tagged(tag string) sip.HeaderParams {
	p := sip.NewParams()
	if tag != "" {
		p.Add("tag", tag)
	}
	return p
}

func loose(uri *sip.Uri) bool {
	return uri.UriParams != nil && uri.UriParams.Has("lr")
}

// endpoint is our own address, in what we send.
type endpoint struct {
	host     string         // as carriers know it
	udp, tcp netip.AddrPort // what we are bound to; zero: not
}

func (e endpoint) port(transport string) int {
	if transport == "TCP" && e.tcp.IsValid() {
		return int(e.tcp.Port())
	}
	return int(e.udp.Port())
}

func (e endpoint) via(transport string) *sip.ViaHeader {
	p := sip.NewParams()
	p.Add("rport", "")
	p.Add("branch", sip.GenerateBranchN(24))
	return &sip.ViaHeader{
		ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: transport,
		Host: e.host, Port: e.port(transport), Params: p,
	}
}

func (e endpoint) contact(transport string) *sip.ContactHeader {
	uri := sip.Uri{Scheme: "sip", User: "hotline", Host: e.host, Port: e.port(transport)}
	if transport == "TCP" {
		uri.UriParams = sip.NewParams()
		uri.UriParams.Add("transport", "tcp")
	}
	return &sip.ContactHeader{Address: uri}
}

// route pins the socket: without Laddr sipgo would open an ephemeral port,
// which the carrier's list of addresses refuses.
func (e endpoint) route(req *sip.Request, transport string) {
	req.SetTransport(transport)
	if transport == "UDP" && e.udp.IsValid() {
		req.Laddr = sip.Addr{IP: e.udp.Addr().AsSlice(), Port: int(e.udp.Port())}
	}
}
