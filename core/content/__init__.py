"""The record model: one table of record types drives DDL, Parquet schemas, loading, verification, counts and docs."""
