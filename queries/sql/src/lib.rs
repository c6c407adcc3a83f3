//! SQL over stored series: catalog, guards, results.
