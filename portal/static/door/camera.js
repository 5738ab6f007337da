// Reading codes with the camera, where the browser itself can.

const LOOK_AGAIN = 200; // milliseconds
const SAME_AGAIN = 4_000;

export async function canScan() {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return false;
  return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

/** Show the camera in `video` and call `onCode` with each text that it reads; gives how to stop. */
export async function scan(video, onCode) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  let last = { text: "", at: 0 };
  let timer = 0;
  video.srcObject = stream;
  await video.play();

  async function look() {
    const [code] = await detector.detect(video).catch(() => []);
    if (code && (code.rawValue !== last.text || Date.now() - last.at > SAME_AGAIN)) {
      last = { text: code.rawValue, at: Date.now() };
      onCode(code.rawValue);
    }
    if (video.srcObject) timer = setTimeout(look, LOOK_AGAIN);
  }
  look();

  return () => {
    clearTimeout(timer);
    video.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  };
}
