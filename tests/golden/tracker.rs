//! Event sequences of one client, on [`Layers`]. What belongs to the host of the layers is done here as Etherpad's tracker
//! does it: the timer, the pool, and what the editor is called with.

use super::common::json::{Json, object};
use super::operations::{atext, atext_json, changeset, pair, pool_from_list, pool_from_wire, pool_new, wire_json};
use easysync::{
    AttribPool, Changeset, Document, Error, Layers, UnknownAttrib, Utf16String, Wire, move_ops_to_pool, parse_ops,
    print_ops,
};

struct Client {
    author: Utf16String,
    pool: AttribPool,
    layers: Option<Layers>,
    timer: bool,
}

/// What one event led to.
#[derive(Default)]
struct Step {
    callbacks: Option<Json>,
    ret: Option<Json>,
    scheduled: Option<Json>,
    notified: Option<Json>,
}

pub fn run(input: &Json) -> Result<Json, Error> {
    let mut client = Client {
        author: input.get("author").text().clone(),
        pool: pool_from_list(input.get("pool"))?,
        layers: None,
        timer: false,
    };
    let steps = input.get("events").list().iter().map(|event| client.step(event)).collect::<Vec<_>>();
    let base = client.layers.as_ref().map_or_else(|| Document::new().to_atext(), |layers| layers.base().to_atext());
    let (submitted, user) = client.layer_texts();
    let last = object([("base", Some(atext_json(base))), ("submitted", Some(submitted)), ("user", Some(user))]);
    Ok(object([("steps", Some(Json::List(steps))), ("final", Some(last))]))
}

impl Client {
    fn step(&mut self, event: &Json) -> Json {
        let known = self.pool.len();
        let (step, error) = match self.handle(event) {
            Ok(step) => (step, None),
            Err(_) => (Step::default(), Some(true.into())),
        };
        let (submitted, user) = self.layer_texts();
        let uncommitted = self.layers.as_ref().is_some_and(Layers::has_uncommitted);
        object([
            ("callbacks", step.callbacks),
            ("ret", step.ret),
            ("error", error),
            ("scheduled", step.scheduled),
            ("notified", step.notified),
            ("submitted", Some(submitted)),
            ("user", Some(user)),
            ("uncommitted", Some(uncommitted.into())),
            ("poolNew", pool_new(&self.pool, known)),
        ])
    }

    fn handle(&mut self, event: &Json) -> Result<Step, Error> {
        let mut step = Step::default();
        match (event.get("ev").str().as_str(), &mut self.layers) {
            ("put", _) => step.ret = Some((self.pool.put(pair(event.get("attrib"))).0 as usize).into()),
            ("base", _) => {
                let received = atext(event.get("atext"));
                let mut atext = received.clone();
                if *event.get("apool") != Json::Null {
                    let from = pool_from_wire(event.get("apool"))?;
                    let ops = parse_ops(&atext.attribs)?;
                    atext.attribs = print_ops(&move_ops_to_pool(&ops, &from, &mut self.pool, UnknownAttrib::Drop)?);
                }
                self.layers = Some(Layers::new(Document::from_atext(&atext, &self.pool)?)?);
                step.callbacks = Some(callback("setDocumentAttributedText", [atext_json(received)]));
            }
            ("user", Some(layers)) => {
                let change = changeset(event.get("cs"))?;
                if !change.is_identity() {
                    layers.edit(&change, &self.pool)?;
                    if !self.timer {
                        self.timer = true;
                        step.scheduled = Some(1.into());
                    }
                }
            }
            ("remote", Some(layers)) => {
                let mut revision = changeset(event.get("cs"))?;
                if *event.get("apool") != Json::Null {
                    let pool = pool_from_wire(event.get("apool"))?;
                    let for_editor = layers.apply_wire(&Wire { changeset: revision, pool }, &mut self.pool)?;
                    revision = for_editor;
                } else {
                    revision = layers.apply_remote(&revision, &self.pool)?;
                }
                layers.base().check_invariants();
                step.callbacks = Some(callback("applyChangesetToDocument", [revision.to_utf16().into(), true.into()]));
            }
            ("prepare", layers) => {
                let wire = layers.as_mut().map_or(Ok(None), |layers| layers.prepare(&self.author, &mut self.pool))?;
                step.ret = Some(match wire {
                    None => object([("changeset", Some(Json::Null)), ("apool", Some(Json::Null))]),
                    Some(Wire { changeset, pool }) => {
                        object([("changeset", Some(changeset.to_utf16().into())), ("apool", Some(wire_json(&pool)))])
                    }
                });
            }
            ("accept", Some(layers)) => drop(layers.accept(&self.pool)?),
            ("accept", None) => return Err(easysync::ErrorKind::NothingSubmitted.into()),
            ("timer", _) => step.notified = std::mem::take(&mut self.timer).then(|| 1.into()),
            _ => {}
        }
        Ok(step)
    }

    fn layer_texts(&self) -> (Json, Json) {
        match &self.layers {
            None => (Json::Null, "Z:1>0$".into()),
            Some(layers) => (
                layers.submitted().map_or(Json::Null, |submitted: &Changeset| submitted.to_utf16().into()),
                layers.pending().to_utf16().into(),
            ),
        }
    }
}

fn callback<const N: usize>(name: &str, arguments: [Json; N]) -> Json {
    let call = std::iter::once(name.into()).chain(arguments).collect();
    Json::List(vec![Json::List(call)])
}
