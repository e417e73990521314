"""Raw tick files into the catalog's Parquet layout: vectorised, streaming, no tick objects."""
