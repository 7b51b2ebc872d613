//! Writing many rows into the extension's own tables: `heap_multi_insert` and the table's indexes, as COPY does it.
//!
//! The executor's INSERT costs several times more at these row sizes. What it would have checked is checked here:
//! INSERT permission, row-level security, and that the table is a plain heap without triggers.

use crate::error::{Error, Result};
use crate::rights;
use crate::spi::array_datum;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::CStr;

/// Rows that go to the heap in one call.
const BATCH_ROWS: usize = 256;
/// Bytes of row data after which a batch goes early, so that wide rows stay in the processor's cache.
const BATCH_BYTES: usize = 256 << 10;

/// A value of one column.
pub enum Value<'a> {
    /// smallint
    Small(i16),
    /// integer
    Int(i32),
    /// bigint
    Big(i64),
    /// real
    Real(f32),
    /// double precision
    Double(f64),
    /// text
    Text(&'a str),
    /// bigint[]
    Bigs(&'a [i64]),
    /// smallint[]
    Smalls(&'a [i16]),
    /// integer[]
    Ints(&'a [i32]),
    /// real[]
    Reals(&'a [f32]),
    /// double precision[]
    Doubles(&'a [f64]),
    /// NULL
    Null,
}

/// An open table of schema `sgr` that takes rows.
pub struct TableWriter {
    relation: pg_sys::Relation,
    estate: *mut pg_sys::EState,
    result_relation: *mut pg_sys::ResultRelInfo,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    filled: usize,
    bytes: usize,
    /// Holds the datums of one batch.
    batch: pg_sys::MemoryContext,
    command: pg_sys::CommandId,
    rows: u64,
}

#[allow(unsafe_code, reason = "the heap's bulk insert has no safe wrapper")]
impl TableWriter {
    /// Opens `sgr.<table>`. Errors: 42501 without INSERT permission or under row-level security; 55000 if somebody
    /// put triggers on the table.
    pub fn open(table: &'static CStr) -> Result<Self> {
        // SAFETY: main thread, inside a transaction; the relation stays locked and open until `finish`, or until the
        // transaction's end if an ERROR unwinds.
        unsafe {
            let oid = rights::table(table)?;
            let name = table.to_string_lossy();
            let denied = |message: String| Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message);
            if !rights::has(oid, pg_sys::ACL_INSERT) {
                return Err(denied(format!("permission denied for table {name}"))
                    .hint(format!("GRANT SELECT, INSERT, UPDATE, DELETE ON sgr.{name} TO the role that refreshes")));
            }
            if rights::row_security(oid) {
                return Err(denied(format!("row-level security on table {name} forbids bulk writing"))
                    .hint("refresh as the table's owner or as a role with BYPASSRLS"));
            }
            let relation = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
            if !(*relation).trigdesc.is_null() || (*(*relation).rd_rel).relam != pg_sys::HEAP_TABLE_AM_OID {
                pg_sys::table_close(relation, pg_sys::NoLock as i32);
                return Err(Error::not_ready(format!("sgr.{name} must be a plain heap table without triggers")));
            }
            let estate = pg_sys::CreateExecutorState();
            let result_relation = pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast();
            pg_sys::InitResultRelInfo(result_relation, relation, 1, std::ptr::null_mut(), 0);
            pg_sys::ExecOpenIndices(result_relation, false);
            let batch = pg_sys::AllocSetContextCreateInternal(
                pg_sys::CurrentMemoryContext,
                c"sgr_graph bulk write".as_ptr(),
                0,
                8 << 10,
                8 << 20,
            );
            Ok(Self {
                relation,
                estate,
                result_relation,
                slots: Vec::with_capacity(BATCH_ROWS),
                filled: 0,
                bytes: 0,
                batch,
                command: pg_sys::GetCurrentCommandId(true),
                rows: 0,
            })
        }
    }

    /// Adds a row; `values` has one entry per column of the table, in its order.
    pub fn push(&mut self, values: &[Value]) {
        // SAFETY: the slot was made for this relation, and `values` has one entry per column, each of its type: the
        // callers are the few places in `store.rs` that write the extension's own tables. Datums live in `batch`,
        // which is reset only after the slot was materialised and written.
        unsafe {
            if self.filled == self.slots.len() {
                self.slots.push(pg_sys::table_slot_create(self.relation, std::ptr::null_mut()));
            }
            let slot = self.slots[self.filled];
            let columns = usize::try_from((*(*slot).tts_tupleDescriptor).natts).unwrap_or(0);
            assert!(columns == values.len(), "{} values for {columns} columns", values.len());
            let before = pg_sys::MemoryContextSwitchTo(self.batch);
            for (i, value) in values.iter().enumerate() {
                let datum = match value {
                    Value::Small(v) => v.into_datum(),
                    Value::Int(v) => v.into_datum(),
                    Value::Big(v) => v.into_datum(),
                    Value::Real(v) => v.into_datum(),
                    Value::Double(v) => v.into_datum(),
                    Value::Text(v) => v.into_datum(),
                    Value::Bigs(v) => Some(array_datum(pg_sys::INT8OID, v)),
                    Value::Smalls(v) => Some(array_datum(pg_sys::INT2OID, v)),
                    Value::Ints(v) => Some(array_datum(pg_sys::INT4OID, v)),
                    Value::Reals(v) => Some(array_datum(pg_sys::FLOAT4OID, v)),
                    Value::Doubles(v) => Some(array_datum(pg_sys::FLOAT8OID, v)),
                    Value::Null => None,
                };
                self.bytes += match value {
                    Value::Text(v) => v.len(),
                    Value::Bigs(v) => size_of_val(*v),
                    Value::Smalls(v) => size_of_val(*v),
                    Value::Ints(v) => size_of_val(*v),
                    Value::Reals(v) => size_of_val(*v),
                    Value::Doubles(v) => size_of_val(*v),
                    _ => 8,
                };
                *(*slot).tts_isnull.add(i) = datum.is_none();
                *(*slot).tts_values.add(i) = datum.unwrap_or(pg_sys::Datum::from(0));
            }
            pg_sys::MemoryContextSwitchTo(before);
            pg_sys::ExecStoreVirtualTuple(slot);
        }
        self.filled += 1;
        if self.filled == BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.filled == 0 {
            return;
        }
        // SAFETY: the first `filled` slots hold rows; the heap materialises each in the slot's own memory. Index
        // entries are made from the same slots, which by then know their place in the heap.
        unsafe {
            let before = pg_sys::MemoryContextSwitchTo(self.batch);
            pg_sys::heap_multi_insert(
                self.relation,
                self.slots.as_mut_ptr(),
                i32::try_from(self.filled).unwrap_or(0),
                self.command,
                0,
                // No BulkInsertState: its ring of buffers would make this backend write the pages, and flush the
                // WAL before each, in the middle of the transaction.
                std::ptr::null_mut(),
            );
            for &slot in &self.slots[..self.filled] {
                pg_sys::ExecInsertIndexTuples(
                    self.result_relation,
                    slot,
                    self.estate,
                    false,
                    false,
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    #[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
                    false,
                );
                if let Some(clear) = (*(*slot).tts_ops).clear {
                    clear(slot);
                }
            }
            pg_sys::MemoryContextSwitchTo(before);
            pg_sys::MemoryContextReset(self.batch);
            // What indexes over expressions made of these rows.
            let context = (*self.estate).es_per_tuple_exprcontext;
            if !context.is_null() {
                pg_sys::MemoryContextReset((*context).ecxt_per_tuple_memory);
            }
        }
        self.rows += self.filled as u64;
        self.filled = 0;
        self.bytes = 0;
    }

    /// Writes what is left, closes, makes the rows visible to this transaction's next statement, returns the row count.
    pub fn finish(mut self) -> u64 {
        self.flush();
        // SAFETY: everything was made in `open` and is closed once, here. The lock stays until the transaction ends.
        unsafe {
            for slot in self.slots.drain(..) {
                pg_sys::ExecDropSingleTupleTableSlot(slot);
            }
            pg_sys::ExecCloseIndices(self.result_relation);
            pg_sys::FreeExecutorState(self.estate);
            pg_sys::MemoryContextDelete(self.batch);
            pg_sys::table_close(self.relation, pg_sys::NoLock as i32);
            pg_sys::CommandCounterIncrement();
        }
        self.rows
    }
}
