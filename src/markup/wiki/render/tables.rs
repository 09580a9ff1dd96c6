//! Tables.

use super::super::super::document::Block;
use super::super::super::document::Table;
use super::super::super::document::flat;
use super::super::escape::Place;
use super::super::escape::Within;
use super::Writer;

impl Writer<'_> {
    pub(super) fn table(&mut self, table: &Table) {
        for (index, row) in table.rows.iter().filter(|row| !row.cells.is_empty()).enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            for cell in &row.cells {
                if cell.columns > 1 || cell.rows > 1 {
                    self.notes.add("merged cells became single ones");
                }
                if cell.extra.as_ref().is_some_and(|extra| extra.side().is_some()) {
                    self.notes.add("the alignment of the columns of a table was left out");
                }
                self.out.push_str(if cell.header { "||" } else { "|" });
                let start = self.out.len();
                self.cell(&cell.blocks);
                if self.out.len() == start {
                    self.out.push(' ');
                }
                // It would keep the bar that follows from ending the cell.
                if self.out.ends_with('\\') {
                    self.out.pop();
                    self.out.push_str("&#92;");
                }
            }
            let ends_in_header = row.cells.last().is_some_and(|cell| cell.header);
            self.out.push_str(if ends_in_header { "||" } else { "|" });
        }
    }

    /// Blocks in a cell, one below the other: an empty line would end the table.
    pub(super) fn cell(&mut self, blocks: &[Block]) {
        let place = Place { within: Within::Line, line_start: true, ..Place::default() };
        let is_text = |block: &Block| matches!(block.parts().0, Block::Paragraph(_) | Block::Line(_));
        let mut is_first = true;
        for part in blocks.chunk_by(|one, next| is_text(one) && is_text(next)) {
            let start = self.out.len();
            if !is_first {
                self.out.push('\n');
            }
            let written = self.out.len();
            match part {
                [block] if stands_in_cell(block) => {
                    let (block, extra) = block.parts();
                    self.block(block, extra);
                }
                part => {
                    let content = flat(part, self.notes);
                    self.line(&content, place);
                }
            }
            if self.out.len() == written {
                self.out.truncate(start);
            } else {
                is_first = false;
            }
        }
    }
}

/// Whether Jira reads the block in a cell as what it is.
fn stands_in_cell(block: &Block) -> bool {
    matches!(
        block.parts().0,
        Block::Heading { .. }
            | Block::List(_)
            | Block::Code(_)
            | Block::Quote(_)
            | Block::Panel(_)
            | Block::Expand { .. }
            | Block::Macro(_)
    )
}
