//! Nothing of a page is lost: what is read and written again is the same tree.

use proptest::prelude::*;

use super::storage::rendered;
use super::storage_forms::block;
use super::storage_forms::canonical;
use super::storage_forms::document;
use crate::markup::document::Block;
use crate::markup::document::Body;
use crate::markup::document::Inline;
use crate::markup::document::Notes;
use crate::markup::document::tidy;
use crate::markup::storage::parse;
use crate::markup::storage::render;

/// What no Markdown keeps apart is joined, and white space at edges is gone.
fn settle(blocks: &mut [Block]) {
    for block in blocks {
        match block {
            Block::Heading { content, .. } | Block::Paragraph(content) | Block::Line(content) => {
                *content = trimmed(tidy(content));
                content.iter_mut().for_each(settle_piece);
            }
            Block::Quote(inner)
            | Block::Expand { blocks: inner, .. }
            | Block::Container { blocks: inner, .. } => {
                settle(inner);
            }
            Block::List(list) => list.items.iter_mut().for_each(|item| settle(&mut item.blocks)),
            Block::Table(table) => {
                table
                    .rows
                    .iter_mut()
                    .flat_map(|row| &mut row.cells)
                    .for_each(|cell| settle(&mut cell.blocks));
            }
            Block::Panel(panel) => settle(&mut panel.blocks),
            Block::Columns(columns) => columns.iter_mut().for_each(|column| settle(&mut column.blocks)),
            Block::With { block, .. } => settle(std::slice::from_mut(block)),
            Block::Macro(call) => {
                if let Body::Blocks(inner) = &mut call.body {
                    settle(inner);
                }
            }
            _ => {}
        }
    }
}

/// Without the spaces at both ends; others than these are characters of their own.
fn trimmed(mut content: Vec<Inline>) -> Vec<Inline> {
    if let Some(Inline::Text(text)) = content.first_mut() {
        *text = text.trim_start_matches(' ').to_owned();
    }
    if let Some(Inline::Text(text)) = content.last_mut() {
        *text = text.trim_end_matches(' ').to_owned();
    }
    content.retain(|piece| !matches!(piece, Inline::Text(text) if text.is_empty()));
    content
}

fn settle_piece(piece: &mut Inline) {
    match piece {
        Inline::With { piece, .. } => settle_piece(piece),
        Inline::Marked(_, content) => {
            *content = trimmed(tidy(content));
            content.iter_mut().for_each(settle_piece);
        }
        Inline::Link { content, .. } | Inline::Container { content, .. } => *content = tidy(content),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_block_comes_back(source in block()) {
        prop_assert_eq!(canonical(&rendered(&source)), canonical(&source), "{}", rendered(&source));
    }

    #[test]
    fn a_page_comes_back(source in document()) {
        let written = rendered(&source);
        prop_assert_eq!(canonical(&written), canonical(&source), "{}", written);
        prop_assert_eq!(rendered(&written), written);
    }

    #[test]
    fn a_page_comes_back_joined(source in document()) {
        let mut blocks = parse(&source, &mut Notes::default());
        settle(&mut blocks);
        let written = render(&blocks, &mut Notes::default());
        prop_assert_eq!(canonical(&written), canonical(&source), "{}", written);
    }

    #[test]
    fn no_note_is_needed(source in document()) {
        let mut notes = Notes::default();
        render(&parse(&source, &mut notes), &mut notes);
        prop_assert_eq!(notes.into_vec(), vec![]);
    }
}
