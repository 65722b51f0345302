//! scratch
use stance::read::*;
use stance::train::*;
use std::path::PathBuf;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let dir = PathBuf::from(&a[1]);
    let mut o = ReadOptions::default();
    o.labels_required = true;
    let load = |name: &str| {
        let mut arts = Articles::default();
        let p = dir.join(format!("{name}.articles.jsonl"));
        if p.exists() {
            arts.add_file(&p).unwrap();
        }
        read_comments(
            &[dir.join(format!("{name}.jsonl"))],
            &o,
            &arts,
            &mut BadRows::stop(),
        )
        .unwrap()
    };
    let train_rows = load("train");
    let mut s = TrainSettings::default();
    for kv in &a[3..] {
        let (k, v) = kv.split_once('=').unwrap();
        let fs = || {
            v.split(',')
                .map(|x| x.parse::<f64>().unwrap())
                .collect::<Vec<_>>()
        };
        match k {
            "ta" => s.text_alphas = fs(),
            "sa" => s.stance_alphas = fs(),
            "seed" => s.seed = v.parse().unwrap(),
            "cmin" => s.features.char_min = v.parse().unwrap(),
            "cmax" => s.features.char_max = v.parse().unwrap(),
            "min" => s.features.min_texts = v.parse().unwrap(),
            "cw" => {
                s.class_weight = if v == "balanced" {
                    ClassWeight::Balanced
                } else {
                    ClassWeight::None
                }
            }
            "opt" => {
                s.optimize = if v == "accuracy" {
                    Optimize::Accuracy
                } else {
                    Optimize::MacroF1
                }
            }
            _ => panic!(),
        }
    }
    let t0 = std::time::Instant::now();
    let t = train(&train_rows, &[], &s).unwrap();
    let p = &t.classifier.provenance;
    eprintln!(
        "train {:?} {:?} acc {:.4} macro {:.4} ll {:.4} ece {:.4} ta {} sa {} {} ngrams {} cols {} off {:?}",
        t0.elapsed(),
        t.notes,
        p.accuracy,
        p.macro_f1,
        p.log_loss,
        p.calibration_error,
        p.text_alpha,
        p.stance_alpha,
        p.stance_solver,
        t.classifier.extractor.table.len(),
        t.classifier.stance.encoder.columns().len(),
        t.classifier.offsets
    );
    if a[2] != "-" {
        let dev = load(&a[2]);
        let mut s = t.classifier.session();
        for c in &dev {
            let p = s.classify(c);
            println!(
                "{{\"id\":{},\"label\":{:?}}}",
                c.id, t.classifier.labels[p.label]
            );
        }
        eprintln!("total {:?}", t0.elapsed());
    }
}
