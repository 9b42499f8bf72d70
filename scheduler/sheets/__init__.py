"""Spreadsheets: read XLSX, XLS, ODS and delimited text as rows of text, and write workbooks."""
