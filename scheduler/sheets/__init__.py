"""Spreadsheets: XLSX, XLS, ODS and delimited text parsed to rows of text, and a workbook writer."""
