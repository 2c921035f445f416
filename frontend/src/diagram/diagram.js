// The diagram viewer island: loaded when somebody asks for it, in place of the static picture.
// The button names the element to replace (data-target), where the file is (data-diagram) and, as
// "id id …", what is open, done or stuck (data-here, data-done, data-incident).
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";

export async function show(button) {
  const target = document.getElementById(button.dataset.target);
  if (!target || target.dataset.live) return;
  target.dataset.live = "1";
  button.disabled = true;
  const answer = await fetch(button.dataset.diagram, { headers: { Accept: "application/xml" } });
  if (!answer.ok) {
    delete target.dataset.live;
    button.disabled = false;
    return;
  }
  const xml = await answer.text();
  const place = document.createElement("div");
  place.className = "m-viewer";
  target.replaceChildren(place);
  const viewer = new NavigatedViewer({ container: place });
  await viewer.importXML(xml);
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  for (const mark of ["done", "here", "incident"]) {
    for (const id of (button.dataset[mark] ?? "").split(" ").filter(Boolean)) {
      if (viewer.get("elementRegistry").get(id)) canvas.addMarker(id, `m-${mark}`);
    }
  }
}
