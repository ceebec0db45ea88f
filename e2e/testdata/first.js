// Tells when this page first hears 600 Hz: milliseconds since its navigation began.
(() => {
  window.hotlineFirst = 0;
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', (e) => listen(e.track));
    }
  };
  function listen(track) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    const at = Math.round(600 / (context.sampleRate / analyser.fftSize));
    const look = setInterval(() => {
      analyser.getFloatFrequencyData(bins);
      if (Math.max(bins[at - 1], bins[at], bins[at + 1]) < -50 || bins[at * 3] > -50) return;
      window.hotlineFirst ||= performance.now();
      clearInterval(look);
      context.close();
    }, 10);
  }
})();
