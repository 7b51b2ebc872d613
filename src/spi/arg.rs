//! Parameters of a query, and arrays made in one copy.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use pgrx::prelude::*;

/// Bytes before the elements of a one-dimensional array without NULLs.
pub const ARRAY_HEADER: usize = 24;

/// A parameter of a query: `$1`, `$2`, …
pub enum Arg<'a> {
    /// integer
    Int(i32),
    /// bigint
    Big(i64),
    /// bigint or NULL
    MaybeBig(Option<i64>),
    /// double precision
    Float(f64),
    /// boolean
    Bool(bool),
    /// text
    Text(&'a str),
    /// bigint[]
    Bigs(&'a [i64]),
    /// integer[]
    Ints(&'a [i32]),
    /// real[]
    Reals(&'a [f32]),
    /// double precision[]
    Floats(&'a [f64]),
    /// text[] with NULLs
    Texts(&'a [Option<String>]),
    /// timestamptz or NULL
    Time(Option<TimestampWithTimeZone>),
}

impl Arg<'_> {
    /// The parameter's type.
    pub fn type_oid(&self) -> pg_sys::Oid {
        match self {
            Arg::Int(_) => pg_sys::INT4OID,
            Arg::Big(_) | Arg::MaybeBig(_) => pg_sys::INT8OID,
            Arg::Float(_) => pg_sys::FLOAT8OID,
            Arg::Bool(_) => pg_sys::BOOLOID,
            Arg::Text(_) => pg_sys::TEXTOID,
            Arg::Bigs(_) => pg_sys::INT8ARRAYOID,
            Arg::Ints(_) => pg_sys::INT4ARRAYOID,
            Arg::Reals(_) => pg_sys::FLOAT4ARRAYOID,
            Arg::Floats(_) => pg_sys::FLOAT8ARRAYOID,
            Arg::Texts(_) => pg_sys::TEXTARRAYOID,
            Arg::Time(_) => pg_sys::TIMESTAMPTZOID,
        }
    }

    /// The value in the current memory context; `None` is NULL.
    pub fn datum(&self) -> Option<pg_sys::Datum> {
        match self {
            Arg::Int(value) => value.into_datum(),
            Arg::Big(value) => value.into_datum(),
            Arg::MaybeBig(value) => value.into_datum(),
            Arg::Float(value) => value.into_datum(),
            Arg::Bool(value) => value.into_datum(),
            Arg::Text(value) => value.into_datum(),
            Arg::Bigs(values) => Some(array_datum(pg_sys::INT8OID, values)),
            Arg::Ints(values) => Some(array_datum(pg_sys::INT4OID, values)),
            Arg::Reals(values) => Some(array_datum(pg_sys::FLOAT4OID, values)),
            Arg::Floats(values) => Some(array_datum(pg_sys::FLOAT8OID, values)),
            Arg::Texts(values) => values.to_vec().into_datum(),
            Arg::Time(value) => value.into_datum(),
        }
    }
}

/// Fixed-width element types whose Rust and Postgres forms have the same bytes.
pub trait Plain: Copy {}
impl Plain for i64 {}
impl Plain for i32 {}
impl Plain for i16 {}
impl Plain for f32 {}
impl Plain for f64 {}

/// A one-dimensional array without NULLs in the current memory context: one allocation and one copy, where
/// `Vec::into_datum` makes a call per element.
#[allow(unsafe_code, reason = "lays an array out as Postgres does")]
pub fn array_datum<T: Plain>(element: pg_sys::Oid, values: &[T]) -> pg_sys::Datum {
    // SAFETY: `size` bytes are allocated (palloc raises an ERROR beyond its limit of 1 GB) and all of them are
    // written: the header, one dimension with its lower bound, and the elements, which are plain bytes.
    unsafe {
        if values.is_empty() {
            return pg_sys::Datum::from(pg_sys::construct_empty_array(element));
        }
        let size = ARRAY_HEADER + size_of_val(values);
        let array: *mut pg_sys::ArrayType = pg_sys::palloc(size).cast();
        pgrx::varlena::set_varsize_4b(array.cast(), i32::try_from(size).unwrap_or(i32::MAX));
        (*array).ndim = 1;
        (*array).dataoffset = 0;
        (*array).elemtype = element;
        let shape: *mut i32 = array.add(1).cast();
        *shape = i32::try_from(values.len()).unwrap_or(i32::MAX);
        *shape.add(1) = 1;
        std::ptr::copy_nonoverlapping(
            values.as_ptr().cast::<u8>(),
            array.cast::<u8>().add(ARRAY_HEADER),
            size_of_val(values),
        );
        pg_sys::Datum::from(array)
    }
}
