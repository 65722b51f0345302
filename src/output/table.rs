//! Tables for people.

use super::{markdown, visible};
use crate::classifier::{Classifier, Prediction};
use crate::record::Comment;
use console::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A table with a line under its header; numbers stand on the right, the first column on the left.
pub struct Grid {
    rows: Vec<Vec<String>>,
    /// Further columns that hold text and stand on the left, from this one on.
    text_from: usize,
}

impl Grid {
    /// A table with this header.
    pub fn new(header: &[&str]) -> Self {
        Grid {
            rows: vec![header.iter().map(|s| visible(s)).collect()],
            text_from: usize::MAX,
        }
    }

    /// The same table with text, on the left, in the columns from `column` on.
    pub fn text_from(self, column: usize) -> Self {
        Grid {
            text_from: column,
            ..self
        }
    }

    /// Adds a row. Where it is shorter than the header, empty cells follow.
    pub fn row(&mut self, cells: Vec<String>) {
        let mut cells: Vec<String> = cells.iter().map(|c| visible(c)).collect();
        cells.resize(cells.len().max(self.header().len()), String::new());
        self.rows.push(cells);
    }

    /// The cells of the header.
    pub(super) fn header(&self) -> &[String] {
        &self.rows[0]
    }

    /// The cells of the rows below it.
    pub(super) fn body(&self) -> &[Vec<String>] {
        &self.rows[1..]
    }

    fn widths(&self) -> Vec<usize> {
        let n = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..n)
            .map(|i| {
                self.rows
                    .iter()
                    .filter_map(|r| r.get(i))
                    .map(|c| c.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect()
    }

    /// The table as text, columns two spaces apart, with a line end behind every row.
    pub fn to_text(&self) -> String {
        let widths = self.widths();
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (i, cell) in row.iter().enumerate() {
                let fill = " ".repeat(widths[i] - cell.width());
                let gap = if i == 0 { "" } else { "  " };
                line += &if i == 0 || i >= self.text_from {
                    format!("{gap}{cell}{fill}")
                } else {
                    format!("{gap}{fill}{cell}")
                };
            }
            out += line.trim_end();
            out.push('\n');
            if at == 0 {
                out +=
                    &"─".repeat(widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1));
                out.push('\n');
            }
        }
        out
    }

    /// The table as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        for (at, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(|c| markdown(c)).collect();
            out += &format!("| {} |\n", cells.join(" | "));
            if at == 0 {
                let numbers = row.len().min(self.text_from).saturating_sub(1);
                let texts = row.len() - 1 - numbers;
                out += &format!(
                    "| --- |{}{}\n",
                    " ---: |".repeat(numbers),
                    " --- |".repeat(texts)
                );
            }
        }
        out
    }
}

const ID_WIDTH: usize = 8;

/// The header of the table of predictions.
pub fn table_header(labels: &[String]) -> String {
    format!(
        "{:<ID_WIDTH$}  {:<width$}     p  comment",
        "id",
        "label",
        width = label_width(labels)
    )
}

fn label_width(labels: &[String]) -> usize {
    labels
        .iter()
        .map(|l| visible(l).width())
        .max()
        .unwrap_or(0)
        .max(5)
}

/// One line of the table of predictions, cut to `width` columns where that is known.
pub fn table_row(
    classifier: &Classifier,
    comment: &Comment,
    prediction: &Prediction,
    width: Option<usize>,
) -> String {
    let labels = &classifier.labels;
    let label = if prediction.review {
        "–".to_string()
    } else {
        visible(&labels[prediction.label])
    };
    let fill = " ".repeat(label_width(labels) - label.width());
    let id = visible(&comment.id_string());
    let id_fill = " ".repeat(ID_WIDTH.saturating_sub(id.width()));
    let percent = format!(
        "{:>3.0}%",
        prediction.probabilities[prediction.label] * 100.0
    );
    let start = format!("{id}{id_fill}  ");
    let used = start.width() + label_width(labels) + 2 + percent.width() + 2;
    let text = visible(&comment.text);
    let text = match width {
        Some(width) => cut(&text, width.saturating_sub(used).max(20)),
        None => text,
    };
    format!(
        "{start}{}{fill}  {percent}  {text}",
        colour(prediction.label).apply_to(label)
    )
}

fn colour(label: usize) -> Style {
    let style = Style::new();
    match label % 6 {
        0 => style.green(),
        1 => style.blue(),
        2 => style.yellow(),
        3 => style.dim(),
        4 => style.magenta(),
        _ => style.cyan(),
    }
}

/// `text` cut to `width` columns, with … where something was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_string();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_by_columns_not_characters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("日本語日本", 5), "日本…");
    }

    #[test]
    fn a_grid_lines_its_columns_up() {
        let mut grid = Grid::new(&["label", "f1"]);
        grid.row(vec!["x".into(), "0.5".into()]);
        assert_eq!(grid.to_text(), "label   f1\n──────────\nx      0.5\n");
        assert_eq!(
            grid.to_markdown(),
            "| label | f1 |\n| --- | ---: |\n| x | 0.5 |\n"
        );
        grid.row(vec!["y".into()]);
        assert!(grid.to_markdown().ends_with("| x | 0.5 |\n| y |  |\n"));
        let mut grid = Grid::new(&["id", "p", "comment"]).text_from(2);
        grid.row(vec!["1".into(), "0.5".into(), "x".into()]);
        assert!(grid.to_text().ends_with("1   0.5  x\n"));
        assert!(grid.to_markdown().contains("| --- | ---: | --- |"));
    }
}
