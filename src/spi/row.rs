//! One row of a result, read in place.

use pgrx::pg_sys;
use pgrx::prelude::*;
use pgrx::varlena::{varatt_is_4b_u, vardata_any, varsize_any_exhdr};
use std::borrow::Cow;
use std::cell::RefCell;

/// A row as the executor holds it. Columns are counted from 0. What it lends dies with it.
pub struct Row<'a> {
    values: &'a [pg_sys::Datum],
    nulls: &'a [bool],
    types: &'a [pg_sys::Oid],
    /// Copies that had to be made of compressed or out-of-line values.
    copies: RefCell<Vec<*mut pg_sys::varlena>>,
}

#[allow(unsafe_code, reason = "reads the executor's slots and Postgres's own array layout")]
impl<'a> Row<'a> {
    /// # Safety
    /// `slot` must hold a row with at least `types.len()` columns of these types, and stay as it is while `Self` lives.
    pub unsafe fn of(slot: *mut pg_sys::TupleTableSlot, types: &'a [pg_sys::Oid]) -> Self {
        // SAFETY: as promised by the caller. The slot's own deforming routine is called directly because the guarded
        // wrapper costs as much as the rest of the row; deforming raises no ERROR.
        unsafe {
            let columns = types.len();
            if (((*slot).tts_nvalid).max(0) as usize) < columns {
                if let Some(deform) = (*(*slot).tts_ops).getsomeattrs {
                    deform(slot, columns as i32);
                }
                if (((*slot).tts_nvalid).max(0) as usize) < columns {
                    pg_sys::slot_getsomeattrs_int(slot, columns as i32);
                }
            }
            Self {
                values: std::slice::from_raw_parts((*slot).tts_values, columns),
                nulls: std::slice::from_raw_parts((*slot).tts_isnull, columns),
                types,
                copies: RefCell::new(Vec::new()),
            }
        }
    }

    /// smallint, integer or bigint.
    #[inline]
    pub fn int(&self, column: usize) -> Option<i64> {
        if self.nulls[column] {
            return None;
        }
        let value = self.values[column].value();
        Some(match self.types[column] {
            pg_sys::INT8OID => value as i64,
            pg_sys::INT4OID => i64::from(value as i32),
            pg_sys::INT2OID => i64::from(value as i16),
            other => unexpected(other, "an integer"),
        })
    }

    /// real or double precision.
    pub fn float(&self, column: usize) -> Option<f64> {
        if self.nulls[column] {
            return None;
        }
        let value = self.values[column].value();
        Some(match self.types[column] {
            pg_sys::FLOAT8OID => f64::from_bits(value as u64),
            pg_sys::FLOAT4OID => f64::from(f32::from_bits(value as u32)),
            other => unexpected(other, "a floating-point number"),
        })
    }

    /// boolean.
    pub fn bool(&self, column: usize) -> Option<bool> {
        (!self.nulls[column]).then(|| self.values[column].value() != 0)
    }

    /// text; bytes that are not UTF-8 (in a database of another encoding) are replaced.
    pub fn text(&self, column: usize) -> Option<Cow<'_, str>> {
        self.varlena(column).map(|value| {
            // SAFETY: `varlena` returns a plain, uncompressed value.
            unsafe { String::from_utf8_lossy(bytes(value)) }
        })
    }

    /// bigint[] without NULLs.
    pub fn bigints(&self, column: usize) -> Option<&[i64]> {
        self.array(column, pg_sys::INT8OID)
    }

    /// integer[] without NULLs.
    pub fn ints(&self, column: usize) -> Option<&[i32]> {
        self.array(column, pg_sys::INT4OID)
    }

    /// The ids of a list that is stored as integer[] in one column or as bigint[] in the next.
    pub fn ids(&self, narrow: usize) -> Vec<i64> {
        match self.ints(narrow) {
            Some(ids) => ids.iter().map(|&id| id.into()).collect(),
            None => self.bigints(narrow + 1).unwrap_or_default().to_vec(),
        }
    }

    /// The counts of a list that is stored as smallint[] in one column or as integer[] in the next.
    pub fn counts(&self, narrow: usize) -> Vec<i32> {
        match self.array::<i16>(narrow, pg_sys::INT2OID) {
            Some(counts) => counts.iter().map(|&count| count.into()).collect(),
            None => self.ints(narrow + 1).unwrap_or_default().to_vec(),
        }
    }

    /// real[] without NULLs.
    pub fn floats(&self, column: usize) -> Option<&[f32]> {
        self.array(column, pg_sys::FLOAT4OID)
    }

    /// double precision[] without NULLs.
    pub fn doubles(&self, column: usize) -> Option<&[f64]> {
        self.array(column, pg_sys::FLOAT8OID)
    }

    /// text[]; NULL elements are left out.
    pub fn texts(&self, column: usize) -> Option<Vec<String>> {
        if self.nulls[column] {
            return None;
        }
        // SAFETY: the column is a text[] by the query that asked for it; pgrx checks the element type.
        let array = unsafe { Array::<&str>::from_datum(self.values[column], false) };
        array.map(|array| array.iter().flatten().map(str::to_owned).collect())
    }

    fn array<T>(&self, column: usize, element: pg_sys::Oid) -> Option<&[T]> {
        let array: *const pg_sys::ArrayType = self.varlena(column)?.cast();
        // SAFETY: a detoasted array starts with `ArrayType`, then its dimensions and lower bounds, then, as there is
        // no NULL bitmap (`dataoffset` 0), the elements at the next multiple of 8.
        unsafe {
            assert!((*array).elemtype == element, "array of an unexpected element type");
            if (*array).ndim == 0 {
                return Some(&[]);
            }
            assert!((*array).ndim == 1 && (*array).dataoffset == 0, "array with NULLs or several dimensions");
            let dimensions: *const i32 = array.add(1).cast();
            Some(std::slice::from_raw_parts(
                array.cast::<u8>().add(super::arg::ARRAY_HEADER).cast(),
                usize::try_from(*dimensions).unwrap_or(0),
            ))
        }
    }

    /// The value with a plain 4-byte header, copied only if it was compressed, out of line or short.
    fn varlena(&self, column: usize) -> Option<*const pg_sys::varlena> {
        if self.nulls[column] {
            return None;
        }
        let value: *mut pg_sys::varlena = self.values[column].cast_mut_ptr();
        // SAFETY: a not-null datum of a varlena type points to a varlena.
        unsafe {
            if varatt_is_4b_u(value) {
                return Some(value);
            }
            let copy = pg_sys::pg_detoast_datum(value);
            self.copies.borrow_mut().push(copy);
            Some(copy)
        }
    }
}

#[allow(unsafe_code, reason = "frees what detoasting made")]
impl Drop for Row<'_> {
    fn drop(&mut self) {
        // While a panic unwinds Postgres must not be called; the memory context goes with the query.
        if std::thread::panicking() {
            return;
        }
        for copy in self.copies.borrow().iter() {
            // SAFETY: made by pg_detoast_datum in `varlena`, lent only for the life of `self`.
            unsafe { pg_sys::pfree(copy.cast()) }
        }
    }
}

/// # Safety
/// `value` must be an uncompressed, in-line varlena.
#[allow(unsafe_code, reason = "reads a varlena's bytes")]
unsafe fn bytes<'a>(value: *const pg_sys::varlena) -> &'a [u8] {
    // SAFETY: as promised by the caller.
    unsafe { std::slice::from_raw_parts(vardata_any(value).cast(), varsize_any_exhdr(value)) }
}

#[cold]
fn unexpected(type_oid: pg_sys::Oid, wanted: &str) -> ! {
    panic!("column of type {} where {wanted} was expected", type_oid.to_u32())
}
