//! A lint's options: the fields of its struct.

use twiceshy_repo::configuration::Shape;

/// Something that an option can be.
pub trait Optional {
    /// What may stand in the configuration.
    fn shape() -> Shape;

    /// The value, as TOML.
    fn written(&self) -> String;
}

impl Optional for bool {
    fn shape() -> Shape {
        Shape::Bool
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Optional for u32 {
    fn shape() -> Shape {
        Shape::Number(0, i64::from(u32::MAX))
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Optional for Vec<String> {
    fn shape() -> Shape {
        Shape::Some(Box::new(Shape::Text))
    }

    fn written(&self) -> String {
        serde_json::Value::from(self.clone()).to_string()
    }
}

/// Defines a lint with options: each field its documentation, its type, its value when nothing is configured, and for a
/// number what it may be.
///
/// ```ignore
/// options! {
///     /// Heaps that their container kills.
///     pub struct HeapOverLimit {
///         /// Of the limit, in percent: what lies above is reported.
///         tight: u32 = 80, 1..=100;
///     }
/// }
/// ```
///
/// The lint says `fn options() -> Vec<Field> { Self::fields() }`.
#[macro_export]
macro_rules! options {
    ($(#[doc = $about:literal])* pub struct $lint:ident {
        $($(#[doc = $doc:literal])+ $field:ident: $kind:ty = $default:expr $(, $least:literal..=$most:literal)?;)+
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $lint {
            $($(#[doc = $doc])+ pub $field: $kind,)+
        }

        impl Default for $lint {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $lint {
            /// Its options, for the configuration.
            fn fields() -> Vec<$crate::Field> {
                let default = Self::default();
                vec![$({
                    #[allow(unused_mut, unused_assignments)]
                    let mut shape = <$kind as $crate::Optional>::shape();
                    $(shape = $crate::Shape::Number($least, $most);)?
                    let about = concat!($($doc),+).trim().trim_end_matches('.');
                    $crate::Field::new(stringify!($field).replace('_', "-"), shape, about)
                        .by_default($crate::Optional::written(&default.$field))
                }),+]
            }
        }
    };
}
