<%@ page session="false" contentType="text/plain; charset=utf-8" trimDirectiveWhitespaces="true" %>private=1
