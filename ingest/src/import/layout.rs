//! How the rows of a file are laid out.

/// Form of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Cells between delimiters.
    #[default]
    Delimited,
    /// One JSON object a line; columns are its keys or JSON pointers into it.
    JsonLines,
}

/// Encoding of the text. A byte order mark in the file decides against it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16, little end first unless a mark says otherwise.
    Utf16Le,
    /// UTF-16, big end first unless a mark says otherwise.
    Utf16Be,
    /// GB 18030, and with it GBK and GB 2312.
    Gb18030,
    /// Windows-1252, and with it ISO 8859-1.
    Windows1252,
}

impl Encoding {
    /// The names that mappings use.
    pub const NAMES: [&'static str; 5] = ["utf-8", "utf-16le", "utf-16be", "gb18030", "windows-1252"];

    /// The encoding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "utf-8" => Some(Self::Utf8),
            "utf-16le" => Some(Self::Utf16Le),
            "utf-16be" => Some(Self::Utf16Be),
            "gb18030" => Some(Self::Gb18030),
            "windows-1252" => Some(Self::Windows1252),
            _ => None,
        }
    }

    pub(super) fn decoder(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => encoding_rs::UTF_8,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Form of the rows.
    pub format: Format,
    /// Encoding.
    pub encoding: Encoding,
    /// Between cells.
    pub delimiter: u8,
    /// Whether the first row names the columns; otherwise they are `c1`, `c2`, ….
    pub header: bool,
    /// Lines before the header or the first row.
    pub skip_rows: u64,
    /// Whether a column that the mapping does not use refuses the file.
    pub strict: bool,
    /// Whether rows are numbered by their content, for want of an entity.
    pub counts_repeats: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            format: Format::default(),
            encoding: Encoding::default(),
            delimiter: b',',
            header: true,
            skip_rows: 0,
            strict: false,
            counts_repeats: false,
        }
    }
}
