/** meter tells the level of a stream, 0 to 1, about thirty times a second until it
 *  is stopped. The level is logarithmic, as ears are: -60 dB is 0, 0 dB is 1. */
export function meter(stream: MediaStream, told: (level: number) => void): () => void {
  const context = new AudioContext()
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  context.createMediaStreamSource(stream).connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const id = setInterval(() => {
    analyser.getFloatTimeDomainData(samples)
    told(levelOf(samples))
  }, 33)
  return () => {
    clearInterval(id)
    void context.close()
  }
}

export function levelOf(samples: ArrayLike<number>): number {
  let sum = 0
  for (let n = 0; n < samples.length; n++) sum += samples[n]! * samples[n]!
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12)
  return Math.min(1, Math.max(0, 1 + db / 60))
}
