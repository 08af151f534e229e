"""The embedded AWS: a moto server whose Lambda really runs functions under Lambda's CPU allotment."""
