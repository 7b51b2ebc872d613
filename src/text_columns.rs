//! Rows as columns of text, for `INSERT … SELECT … FROM unnest($1, $2, …)` that casts them: one statement for rows of
//! many types and many unknowns.

/// A column as text; the statement casts it.
pub type Column = Vec<Option<String>>;

/// The rows' fields, column by column.
pub fn text_columns<T>(rows: &[T], fields: impl Fn(&T) -> Vec<Option<String>>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for row in rows {
        let values = fields(row);
        columns.resize_with(values.len(), || Vec::with_capacity(rows.len()));
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    columns
}

/// A known value.
pub fn text(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

/// A value that may be unknown.
pub fn maybe<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(T::to_string)
}

/// The text form of a text[] that may be unknown.
pub fn maybe_array(values: &Option<Vec<String>>) -> Option<String> {
    values.as_ref().map(|values| {
        let quoted: Vec<String> =
            values.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))).collect();
        format!("{{{}}}", quoted.join(","))
    })
}
